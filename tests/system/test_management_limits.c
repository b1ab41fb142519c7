/* SPDX-License-Identifier: MIT
 *
 * Who may register, and how often one address may use the routes other than checks. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/wait.h"
#include "support/world.h"

#include <unistd.h>

#define FROM(address) "X-Forwarded-For: " address

/* Registers with one more header. */
static const struct reply *register_with(struct client *client, const char *header)
{
    const char *const headers[] = {header, NULL};

    client_set_headers(client, headers);
    const struct reply *reply = client_post(client, "/register", "{'name':'Test'}");
    client_set_headers(client, NULL);
    return reply;
}

static struct service *start(const struct world *world, const char *register_limit,
                             const char *manage_limit, const char *const flags[])
{
    struct service_options options = world_options(world);

    options.register_limit = register_limit;
    options.manage_limit = manage_limit;
    options.flags = flags;
    return service_start(&options);
}

static void an_address_registers_five_times_a_minute(void **state)
{
    struct service *service = start(*state, "5/minute", NULL, NULL);
    struct client *client = stranger_new(service);
    for (int i = 0; i < 5; i++)
        EXPECT(client_post(client, "/register", "{'name':'Test'}"), 201, NULL);

    const struct reply *denied = client_post(client, "/register", "{'name':'Test'}");

    EXPECT_PROBLEM(denied, 429, NULL);
    const char *retry_after = reply_field(denied, "Retry-After");
    assert_non_null(retry_after);
    assert_in_range(strtol(retry_after, NULL, 10), 1, 60);
    EXPECT_PROBLEM(register_with(client, FROM("203.0.113.9")), 429, NULL);
    EXPECT(client_get(client, "/livez"), 200, NULL);
    client_free(client);
    service_stop(service);
}

static void behind_a_trusted_proxy_the_limit_is_for_the_last_address_not_trusted(void **state)
{
    static const char *const flags[] = {"--trusted-proxies", "127.0.0.1, 10.0.0.0/8", NULL};
    struct service *service = start(*state, "1/minute", NULL, flags);
    struct client *client = stranger_new(service);

    EXPECT(register_with(client, FROM("203.0.113.9")), 201, NULL);
    EXPECT_PROBLEM(register_with(client, FROM("203.0.113.9")), 429, NULL);
    EXPECT_PROBLEM(register_with(client, FROM("198.51.100.1, 203.0.113.9")), 429, NULL);
    EXPECT_PROBLEM(register_with(client, FROM("198.51.100.1, 203.0.113.9, 10.1.2.3")), 429, NULL);
    EXPECT(register_with(client, FROM("203.0.113.9, 198.51.100.1")), 201, NULL);
    EXPECT(register_with(client, FROM("2001:db8:0:1::1")), 201, NULL);
    EXPECT_PROBLEM(register_with(client, FROM("2001:db8:0:1::2")), 429, NULL);
    EXPECT(register_with(client, FROM("2001:db8:0:2::1")), 201, NULL);
    client_free(client);
    service_stop(service);
}

static void a_48_of_ipv6_registers_as_often_as_sixteen_of_its_networks(void **state)
{
    static const char *const flags[] = {"--trusted-proxies", "127.0.0.1", NULL};
    struct service *service = start(*state, "1/minute", NULL, flags);
    struct client *client = stranger_new(service);
    char from[64];

    for (int i = 0; i < 16; i++) {
        (void)snprintf(from, sizeof(from), FROM("2001:db8:7:%x::1"), i);
        EXPECT(register_with(client, from), 201, NULL);
    }
    EXPECT_PROBLEM(register_with(client, FROM("2001:db8:7:10::1")), 429, NULL);
    EXPECT_PROBLEM(register_with(client, FROM("2001:db8:7:ffff::1")), 429, NULL);
    EXPECT(register_with(client, FROM("2001:db8:8::1")), 201, NULL);
    client_free(client);
    service_stop(service);
}

static void past_apps_max_nobody_registers(void **state)
{
    static const char *const flags[] = {"--apps-max", "2", NULL};
    struct service_options options = world_options(*state);
    options.flags = flags;
    options.catalogue_in_file = true;
    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);
    EXPECT(client_post(client, "/register", "{'name':'Test'}"), 201, NULL);
    EXPECT(client_post(client, "/register", "{'name':'Test'}"), 201, NULL);

    EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Test'}"), 403, NULL);

    const struct reply *reply = client_get(client, "/metrics");
    assert_non_null(strstr(reply->body, "\nsluice_registrations_refused_total 1\n"));
    assert_non_null(strstr(reply->body, "\nsluice_apps 2\n"));
    client_free(client);
    service_stop(service);
}

static void managing_is_limited_and_checking_is_not(void **state)
{
    struct service *service = start(*state, NULL, "3/minute", NULL);
    struct client *tenant = tenant_new(service);
    tenant_policy(tenant, "{'route_key':'/a','limit':100,'window_seconds':60}");
    EXPECT(client_get(tenant, "/policy"), 200, NULL);
    EXPECT(client_get(tenant, "/logs/latest"), 200, NULL);

    EXPECT_PROBLEM(client_get(tenant, "/policy"), 429, NULL);
    EXPECT_PROBLEM(client_get(tenant, "/logs/latest"), 429, NULL);
    EXPECT_PROBLEM(client_get(tenant, "/subjects/state?user_id=alice"), 429, NULL);
    EXPECT_PROBLEM(client_post(tenant, "/policy", "{'route_key':'/b','rate':'1/m'}"), 429, NULL);
    EXPECT_PROBLEM(client_post(tenant, "/policy/simulate", "{}"), 429, NULL);
    EXPECT_PROBLEM(client_delete(tenant, "/policy", "{'route_key':'/a'}"), 429, NULL);
    EXPECT_PROBLEM(client_post(tenant, "/reset", "{'user_id':'alice','route_key':'/a'}"), 429,
                   NULL);

    for (int i = 0; i < 10; i++)
        EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_post(tenant, "/check/batch",
                       "{'checks':[{'user_id':'alice','route_key':'/a','cost':0}]}"),
           200, NULL);
    client_free(tenant);
    service_stop(service);
}

static void with_a_token_only_its_holder_registers(void **state)
{
    static const char *const flags[] = {"--registration", "token", "--admin-token",
                                        "correct-horse-battery", NULL};
    struct service *service = start(*state, NULL, NULL, flags);
    struct client *client = stranger_new(service);

    const struct reply *refused = client_post(client, "/register", "{'name':'Test'}");
    EXPECT_PROBLEM(refused, 401, NULL);
    assert_non_null(reply_field(refused, "WWW-Authenticate"));
    EXPECT_PROBLEM(register_with(client, "X-Admin-Token: wrong-horse-battery"), 401, NULL);
    EXPECT_PROBLEM(register_with(client, "X-Admin-Token: correct-horse-battery2"), 401, NULL);
    EXPECT_PROBLEM(register_with(client, "X-Admin-Token;"), 401, NULL);
    EXPECT(register_with(client, "X-Admin-Token: correct-horse-battery"), 201, NULL);
    client_free(client);
    service_stop(service);
}

static void when_it_is_closed_nobody_registers(void **state)
{
    static const char *const flags[] = {"--registration", "closed", NULL};
    struct service *service = start(*state, NULL, NULL, flags);
    struct client *client = stranger_new(service);

    EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Test'}"), 403, NULL);
    client_free(client);
    service_stop(service);
}

static void the_environment_says_so_too_and_flags_outrank_it(void **state)
{
    static const char *const closed[] = {"SLUICE_REGISTRATION=closed", NULL};
    static const char *const flags[] = {"--registration", "open", NULL};
    struct service_options options = world_options(*state);
    options.environment = closed;
    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);
    EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Test'}"), 403, NULL);
    client_free(client);
    service_stop(service);

    options.flags = flags;
    service = service_start(&options);
    client = tenant_new(service);
    client_free(client);
    service_stop(service);
}

static void where_others_reach_it_nobody_registers_unless_the_operator_says_so(void **state)
{
    static const char *const bare[] = {"--listen", "0.0.0.0:0", NULL};
    static const char *const open[] = {"--listen", "0.0.0.0:0", "--registration", "open", NULL};
    static const char *const token[] = {"--listen", "0.0.0.0:0", "--admin-token",
                                        "correct-horse-battery", NULL};
    struct service *service = start(*state, NULL, NULL, bare);
    struct client *client = stranger_new(service);
    EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Test'}"), 403, NULL);
    char *log = scratch_read(service_log(service));
    assert_non_null(log);
    assert_non_null(strstr(log, "\"registration\":\"closed\""));
    assert_non_null(strstr(log, "set admin_token"));
    free(log);
    client_free(client);
    service_stop(service);

    service = start(*state, NULL, NULL, token);
    client = stranger_new(service);
    EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Test'}"), 401, NULL);
    EXPECT(register_with(client, "X-Admin-Token: correct-horse-battery"), 201, NULL);
    client_free(client);
    service_stop(service);

    service = start(*state, NULL, NULL, open);
    client = stranger_new(service);
    EXPECT(client_post(client, "/register", "{'name':'Test'}"), 201, NULL);
    client_free(client);
    service_stop(service);
}

static void of_a_passed_socket_its_own_address_counts(void **state)
{
    static const char *const flags[] = {"--listen", "0.0.0.0:8080", NULL};
    struct service_options options = world_options(*state);
    options.flags = flags;
    options.passed_socket = raw_listen();
    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);

    EXPECT(client_post(client, "/register", "{'name':'Test'}"), 201, NULL);
    client_free(client);
    service_stop(service);
    (void)close(options.passed_socket);
}

static void a_reload_changes_who_registers(void **state)
{
    static const char *const flags[] = {"--listen", "0.0.0.0:0", NULL};
    struct service_options options = world_options(*state);
    char config[SCRATCH_PATH_BYTES];
    scratch_file("config", "register_limit: off\n", config);
    options.config = config;
    options.flags = flags;
    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);
    EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Test'}"), 403, NULL);

    scratch_rewrite(config, "register_limit: off\nadmin_token: correct-horse-battery\n");
    service_reload(service);
    WAIT_FOR (10, service_count_events(service, "reloaded") == 1)
        ;

    EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Test'}"), 401, NULL);
    EXPECT(register_with(client, "X-Admin-Token: correct-horse-battery"), 201, NULL);
    client_free(client);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_registers_five_times_a_minute),
        cmocka_unit_test(behind_a_trusted_proxy_the_limit_is_for_the_last_address_not_trusted),
        cmocka_unit_test(a_48_of_ipv6_registers_as_often_as_sixteen_of_its_networks),
        cmocka_unit_test(past_apps_max_nobody_registers),
        cmocka_unit_test(managing_is_limited_and_checking_is_not),
        cmocka_unit_test(with_a_token_only_its_holder_registers),
        cmocka_unit_test(when_it_is_closed_nobody_registers),
        cmocka_unit_test(the_environment_says_so_too_and_flags_outrank_it),
        cmocka_unit_test(where_others_reach_it_nobody_registers_unless_the_operator_says_so),
        cmocka_unit_test(of_a_passed_socket_its_own_address_counts),
        cmocka_unit_test(a_reload_changes_who_registers),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
