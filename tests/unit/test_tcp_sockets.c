/* SPDX-License-Identifier: MIT
 *
 * Sockets at one TCP address, and the words for what prevents them. */
#include "tcp_sockets.h"

#include "address_holder.h"
#include "socket_address.h"
#include "support/cmocka.h"
#include "support/raw.h"
#include "support/scratch.h"

#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static struct sockaddr_storage parse(const char *text)
{
    struct sockaddr_storage address = {0};
    struct error error;

    assert_true(socket_address_parse(text, &address, &error));
    return address;
}

static void expect_refused(const char *text, const char *reason)
{
    struct sockaddr_storage address = parse(text);
    struct error error = {.message = ""};
    int fds[2];

    assert_false(tcp_sockets_open(fds, 2, &address, false, &error));
    assert_string_equal(error.message, reason);
}

static void close_all(const int fds[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(close(fds[i]), 0);
}

static void all_of_them_have_the_port_that_the_first_has_found(void **state)
{
    struct sockaddr_storage address = parse("127.0.0.1:0");
    struct error error;
    int fds[3];
    (void)state;

    assert_true(tcp_sockets_open(fds, 3, &address, false, &error));

    assert_int_not_equal(socket_address_port(&address), 0);
    for (size_t i = 0; i < 3; i++) {
        struct sockaddr_storage there;
        socklen_t length = sizeof(there);
        assert_int_equal(getsockname(fds[i], (struct sockaddr *)&there, &length), 0);
        assert_int_equal(socket_address_port(&there), socket_address_port(&address));
    }
    close_all(fds, 3);
}

static void each_of_them_gets_connections(void **state)
{
    struct sockaddr_storage address = parse("127.0.0.1:0");
    struct error error;
    int fds[2];
    int got[2] = {0};
    (void)state;
    assert_true(tcp_sockets_open(fds, 2, &address, false, &error));

    for (int i = 0; i < 64; i++) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
        for (size_t k = 0; k < 2; k++) {
            int server = accept4(fds[k], NULL, NULL, SOCK_CLOEXEC);
            got[k] += server >= 0;
            if (server >= 0)
                assert_int_equal(close(server), 0);
        }
        assert_int_equal(close(client), 0);
    }

    assert_int_equal(got[0] + got[1], 64);
    assert_true(got[0] > 0 && got[1] > 0);
    close_all(fds, 2);
}

static void a_holder_that_does_not_share_is_named(void **state)
{
    char text[32];
    char reason[256];
    (void)state;
    int holder = raw_listen();
    (void)snprintf(text, sizeof(text), "127.0.0.1:%d", raw_port(holder));

    (void)snprintf(reason, sizeof(reason),
                   "Address already in use, by test_tcp_socket (process %d)", (int)getpid());
    expect_refused(text, reason);
    (void)snprintf(text, sizeof(text), "0.0.0.0:%d", raw_port(holder));
    expect_refused(text, reason);
    assert_int_equal(close(holder), 0);
}

static void a_holder_at_every_address_is_named(void **state)
{
    struct sockaddr_storage any = parse("[::]:0");
    struct error error;
    char text[32];
    char reason[256];
    int fd;
    (void)state;
    assert_true(tcp_sockets_open(&fd, 1, &any, false, &error));
    (void)snprintf(text, sizeof(text), "127.0.0.1:%d", socket_address_port(&any));

    (void)snprintf(reason, sizeof(reason),
                   "Address already in use, by test_tcp_socket (process %d); if both are to serve "
                   "there, set share_address: true",
                   (int)getpid());
    expect_refused(text, reason);
    close_all(&fd, 1);
}

static void an_address_of_another_machine_is_told_from_one_in_use(void **state)
{
    (void)state;
    expect_refused("192.0.2.7:8080",
                   "Cannot assign requested address: this machine does not have it");
}

static bool may_use_every_port(void)
{
    char *first = scratch_read("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    const bool may = first != NULL && strtol(first, NULL, 10) <= 1;

    free(first);
    return may;
}

static void a_port_that_needs_a_right_says_which(void **state)
{
    const uid_t user = geteuid();
    (void)state;
    if (may_use_every_port())
        skip();

    if (user == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    expect_refused("127.0.0.1:1",
                   "Permission denied: a port below 1024 needs CAP_NET_BIND_SERVICE");
    assert_int_equal(seteuid(user), 0);
}

/* Ours is seen by everybody who is us, so somebody else looks. */
static void a_holder_of_another_user_is_named_by_the_user(void **state)
{
    char written[ADDRESS_HOLDER_BYTES];
    char text[32];
    int status = 0;
    (void)state;
    if (geteuid() != 0)
        skip();
    int holder = raw_listen();
    (void)snprintf(text, sizeof(text), "127.0.0.1:%d", raw_port(holder));
    struct sockaddr_storage address = parse(text);

    pid_t child = fork();
    if (child == 0) {
        (void)close(holder);
        if (setuid(NOBODY) != 0)
            _exit(255);
        address_holder_write(&address, written);
        _exit(strcmp(written, " by a process of user 0") == 0 ? 0 : 1);
    }

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(close(holder), 0);
    address_holder_write(&address, written);
    assert_string_equal(written, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_them_have_the_port_that_the_first_has_found),
        cmocka_unit_test(each_of_them_gets_connections),
        cmocka_unit_test(a_holder_that_does_not_share_is_named),
        cmocka_unit_test(a_holder_at_every_address_is_named),
        cmocka_unit_test(an_address_of_another_machine_is_told_from_one_in_use),
        cmocka_unit_test(a_port_that_needs_a_right_says_which),
        cmocka_unit_test(a_holder_of_another_user_is_named_by_the_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
