/* SPDX-License-Identifier: MIT
 *
 * Clients with invented keys, and the clients that share an address or the catalogue with them.
 * Also apps that have registered and were never used. */
#include "auth/api_key.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define PROXIES      "--trusted-proxies", "127.0.0.1"
#define LOOKUPS_MANY 2000 /* more than any machine looks up in a second, one after the other */

static struct service *start(const struct world *world, const char *manage_limit)
{
    static const char *const flags[] = {PROXIES, NULL};
    struct service_options options = world_options(world);

    options.manage_limit = manage_limit;
    options.flags = flags;
    return service_start(&options);
}

static const struct reply *get_from(struct client *client, const char *address, const char *path)
{
    char header[128];
    const char *const headers[] = {header, NULL};

    (void)snprintf(header, sizeof(header), "X-Forwarded-For: %s", address);
    client_set_headers(client, headers);
    const struct reply *reply = client_get(client, "%s", path);
    client_set_headers(client, NULL);
    return reply;
}

static int status_of_made_up_key(struct client *client, const char *address)
{
    char key[API_KEY_BYTES + 1];

    api_key_generate(key);
    client_set_key(client, key);
    return get_from(client, address, "/policy")->status;
}

static void strangers_do_not_use_up_the_limit_of_an_app_at_their_address(void **state)
{
    struct service *service = start(*state, "3/minute");
    struct client *tenant = tenant_new(service);
    struct client *other = tenant_new(service);
    struct client *stranger = stranger_new(service);

    for (int i = 0; i < 3; i++)
        assert_int_equal(status_of_made_up_key(stranger, "192.0.2.1"), 401);
    assert_int_equal(status_of_made_up_key(stranger, "192.0.2.1"), 429);

    for (int i = 0; i < 3; i++)
        EXPECT(get_from(tenant, "192.0.2.1", "/policy"), 200, NULL);
    EXPECT_PROBLEM(get_from(tenant, "192.0.2.1", "/policy"), 429, NULL);
    EXPECT_PROBLEM(get_from(tenant, "192.0.2.2", "/policy"), 429, NULL);
    EXPECT(get_from(other, "192.0.2.1", "/policy"), 200, NULL);
    client_free(stranger);
    client_free(other);
    client_free(tenant);
    service_stop(service);
}

static void one_address_does_not_use_up_the_look_ups_of_the_others(void **state)
{
    struct service *service = start(*state, NULL);
    struct client *stranger = stranger_new(service);
    int status = 0;

    for (int i = 0; i < LOOKUPS_MANY && status != 503; i++)
        status = status_of_made_up_key(stranger, "2001:db8::1");

    assert_int_equal(status, 503);
    assert_int_equal(status_of_made_up_key(stranger, "2001:db8:0:1::1"), 401);
    assert_int_equal(status_of_made_up_key(stranger, "192.0.2.1"), 401);
    assert_true(scrape_figure(stranger, "sluice_jobs_refused_total", "queue=\"lookups\"") >= 1);
    client_free(stranger);
    service_stop(service);
}

static void an_app_that_registers_and_checks_nothing_is_removed(void **state)
{
    static const char *const flags[] = {"--unused-apps-kept-s", "5", NULL};
    struct service_options options = world_options(*state);
    options.flags = flags;
    struct service *service = service_start(&options);
    struct client *used = tenant_new(service);
    tenant_policy(used, "{'route_key':'/a','rate':'100/m'}");
    EXPECT(client_check(used, "ada", "/a"), 200, NULL);
    struct client *unused = tenant_new(service);
    tenant_policy(unused, "{'route_key':'/a','rate':'100/m'}");

    WAIT_FOR (60, client_get(unused, "/policy")->status == 401)
        ;
    WAIT_FOR (10, service_count_events(service, "unused app removed") >= 1)
        ;
    EXPECT(client_check(used, "ada", "/a"), 200, NULL);
    assert_true(scrape_figure(used, "sluice_apps_removed_total", "") >= 1);
    client_free(unused);
    client_free(used);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_do_not_use_up_the_limit_of_an_app_at_their_address),
        cmocka_unit_test(one_address_does_not_use_up_the_look_ups_of_the_others),
        cmocka_unit_test(an_app_that_registers_and_checks_nothing_is_removed),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
