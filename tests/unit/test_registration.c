/* SPDX-License-Identifier: MIT
 *
 * What `registration: auto` means, depending on where the service listens. */
#include "app/registration.h"
#include "support/cmocka.h"

#include <arpa/inet.h>
#include <sys/un.h>

/* An `address` of "" is a unix socket. */
static enum registration settled(enum registration configured, const char *admin_token,
                                 const char *address)
{
    struct sockaddr_storage listener = {.ss_family = AF_UNIX};
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)&listener;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&listener;
    struct api_settings settings = {.registration = configured};

    if (inet_pton(AF_INET, address, &ipv4->sin_addr) == 1)
        listener.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, address, &ipv6->sin6_addr) == 1)
        listener.ss_family = AF_INET6;
    (void)snprintf(settings.admin_token, sizeof(settings.admin_token), "%s", admin_token);
    registration_settle(&settings, (const struct sockaddr *)&listener);
    assert_non_null(registration_reason(&settings));
    return settings.registers;
}

static void it_is_open_where_only_the_machine_itself_connects(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1",
                                            ""};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
        assert_int_equal(settled(REGISTRATION_AUTO, "", addresses[i]), REGISTRATION_OPEN);
        assert_int_equal(settled(REGISTRATION_AUTO, "correct-horse-battery", addresses[i]),
                         REGISTRATION_OPEN);
    }
}

static void elsewhere_it_needs_the_token_and_is_closed_without_one(void **state)
{
    static const char *const addresses[] = {"0.0.0.0", "192.0.2.1",   "10.0.0.1",
                                            "::",      "2001:db8::1", "fe80::1"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
        assert_int_equal(settled(REGISTRATION_AUTO, "", addresses[i]), REGISTRATION_CLOSED);
        assert_int_equal(settled(REGISTRATION_AUTO, "correct-horse-battery", addresses[i]),
                         REGISTRATION_TOKEN);
    }
}

static void what_the_operator_has_set_holds_wherever_it_listens(void **state)
{
    static const enum registration set[] = {REGISTRATION_OPEN, REGISTRATION_TOKEN,
                                            REGISTRATION_CLOSED};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(set); i++) {
        assert_int_equal(settled(set[i], "correct-horse-battery", "127.0.0.1"), set[i]);
        assert_int_equal(settled(set[i], "correct-horse-battery", "0.0.0.0"), set[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_open_where_only_the_machine_itself_connects),
        cmocka_unit_test(elsewhere_it_needs_the_token_and_is_closed_without_one),
        cmocka_unit_test(what_the_operator_has_set_holds_wherever_it_listens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
