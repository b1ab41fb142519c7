/* SPDX-License-Identifier: MIT
 *
 * Redis keys hold something else than what Sluice wrote. No app is degraded by that, and the log
 * names the keys. */
#include "limit/algorithm.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 30
#define NAME_BYTES   128
#define USERS        20
#define STATES       "sluice_states_refused_total"
#define CALLS        "sluice_store_calls_total"

/* One command per type of a key. The last one makes a stream to which nothing can be added. */
static const char *const damages[] = {
    "SET %s junk", "RPUSH %s a b", "SADD %s a b",
    "ZADD %s 1 a", "HSET %s a b",  "XADD %s 18446744073709551615-18446744073709551615 a b",
};

static const size_t damage_count = ARRAY_COUNT(damages);

static struct service *start(const struct world *world)
{
    struct service_options options = world_options(world);

    options.catalogue_in_file = true;
    return service_start(&options);
}

/* Replaces the value of the key, but not its name. */
static void damage(const struct world *world, const char *how, const char *key)
{
    (void)redis_server_command(world->redis, "DEL %s", key);
    (void)redis_server_command(world->redis, how, key);
}

/* The only counter, besides that of probes; "": there is none, or more than one. */
static void find_counter(const struct world *world, char key[static NAME_BYTES])
{
    static const char script[] =
        "local found = {}\n"
        "for _, key in ipairs(redis.call('KEYS', 'sluice:{*')) do\n"
        "  if not key:find(':0000000000000000') then found[#found + 1] = key end\n"
        "end\n"
        "return #found == 1 and found[1] or ''";

    (void)snprintf(key, NAME_BYTES, "%s",
                   redis_server_command(world->redis, "EVAL %s 0", script)->str);
}

static bool is_named(const struct service *service, const char *key)
{
    return scratch_contains(service_log(service), key);
}

static void expect_decided(const struct reply *reply, int remaining)
{
    EXPECT(reply, 200, "{'allowed':true}");
    assert_int_equal(reply_integer(reply, "remaining"), remaining);
    assert_null(reply_at(reply, "degraded"));
}

static void expect_that_it_starts_afresh(const struct world *world, struct service *service,
                                         struct client *tenant, const char *how,
                                         const char *algorithm)
{
    char key[NAME_BYTES];

    (void)redis_server_command(world->redis, "FLUSHALL");
    expect_decided(client_check(tenant, "alice", algorithm), 9);
    find_counter(world, key);
    assert_string_not_equal(key, "");
    const double refused = scrape_figure(tenant, STATES, "");
    damage(world, how, key);

    expect_decided(client_check(tenant, "bob", algorithm), 9);
    expect_decided(client_look(tenant, "alice", algorithm), 10);
    expect_decided(client_check(tenant, "alice", algorithm), 9);
    expect_decided(client_check(tenant, "alice", algorithm), 8);

    assert_true(scrape_figure(tenant, STATES, "") == refused + 2);
    assert_true(redis_server_command(world->redis, "PTTL %s", key)->integer > 0);
    /* There is one line a second, and another key may have got it. */
    WAIT_FOR (WAIT_SECONDS, is_named(service, key)) {
        damage(world, how, key);
        expect_decided(client_look(tenant, "alice", algorithm), 10);
    }
}

static void a_counter_of_any_type_starts_afresh_and_is_named(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world);
    struct client *tenant = tenant_new(service);

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        tenant_policy(tenant,
                      "{'route_key':'%s','algorithm':'%s','limit':10,'window_seconds':86400}",
                      algorithm_names[i], algorithm_names[i]);
        for (size_t type = 0; type < damage_count; type++)
            expect_that_it_starts_afresh(world, service, tenant, damages[type], algorithm_names[i]);
    }

    assert_true(scrape_figure(tenant, CALLS, "result=\"broken\"") == 0);
    assert_true(scrape_figure(tenant, CALLS, "result=\"refused\"") == 0);
    assert_true(scrape_figure(tenant, CALLS, "result=\"late\"") == 0);
    assert_true(scrape_figure(tenant, "sluice_store_breakers_open", "") == 0);
    client_free(tenant);
    service_stop(service);
}

/* As far as one line a second allows. */
static void several_counters_are_each_named(void **state)
{
    static const char event[] = "redis held an invalid counter";
    const struct world *world = *state;
    struct service *service = start(world);
    struct client *tenant = tenant_new(service);
    char user[32];
    tenant_policy(tenant, "{'route_key':'*','limit':10,'window_seconds':86400}");
    (void)redis_server_command(world->redis, "FLUSHALL");
    for (int i = 0; i < USERS; i++) {
        (void)snprintf(user, sizeof(user), "user %d", i);
        expect_decided(client_check(tenant, user, "/any"), 9);
    }

    (void)redis_server_command(world->redis, "EVAL %s 0",
                               "for _, key in ipairs(redis.call('KEYS', 'sluice:{*')) do "
                               "  redis.call('SET', key, 'junk', 'KEEPTTL') "
                               "end");
    for (int i = 0; i < USERS; i++) {
        (void)snprintf(user, sizeof(user), "user %d", i);
        expect_decided(client_check(tenant, user, "/any"), 9);
    }

    WAIT_FOR (10, service_count_events(service, event) >= USERS / 4)
        ;
    client_free(tenant);
    service_stop(service);
}

struct keys {
    size_t count;
    char at[8][NAME_BYTES];
};

static void find_keys(const struct world *world, const char *pattern, struct keys *keys)
{
    const redisReply *found = redis_server_command(world->redis, "KEYS %s", pattern);

    for (size_t i = 0; i < found->elements; i++) {
        assert_true(keys->count < ARRAY_COUNT(keys->at));
        (void)snprintf(keys->at[keys->count++], NAME_BYTES, "%s", found->element[i]->str);
    }
}

static void expect_log(struct client *tenant, size_t decisions)
{
    assert_int_equal(json_array_size(client_get(tenant, "/logs/latest")->json), decisions);
}

/* Unless `is_whole`, usage that was sent in earlier minutes may be lost, which is told once. */
static void expect_usage(struct client *tenant, int64_t decisions, bool is_whole)
{
    const struct reply *usage = client_get(tenant, "/usage");

    EXPECT(usage, 200, is_whole ? "{'degraded':false}" : NULL);
    assert_in_range(reply_integer(usage, "totals.allowed"), is_whole ? decisions : 1, decisions);
}

static void a_log_and_a_usage_of_another_type_cost_no_other_app_anything(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world);
    struct client *spoilt = tenant_new(service);
    struct client *other = tenant_new(service);
    struct keys keys = {0};
    size_t decisions = 1;
    (void)redis_server_command(world->redis, "FLUSHALL");
    tenant_policy(spoilt, "{'route_key':'*','limit':100,'window_seconds':86400}");
    tenant_policy(other, "{'route_key':'*','limit':100,'window_seconds':86400}");
    EXPECT(client_check(spoilt, "alice", "/any"), 200, NULL);
    expect_log(spoilt, decisions);
    expect_usage(spoilt, (int64_t)decisions, true);
    find_keys(world, "sluice:log:*", &keys);
    find_keys(world, "sluice:usage:*", &keys);
    assert_int_equal(keys.count, 3);

    for (size_t i = 0; i < damage_count; i++) {
        for (size_t k = 0; k < keys.count; k++)
            damage(world, damages[i], keys.at[k]);
        EXPECT(client_check(other, "alice", "/any"), 200, NULL);
        expect_log(other, decisions);
        expect_usage(other, (int64_t)decisions, true);
        EXPECT(client_check(spoilt, "alice", "/any"), 200, NULL);
        decisions++;
        expect_log(spoilt, decisions);
        expect_usage(spoilt, (int64_t)decisions, false);
    }

    assert_true(scrape_figure(other, "sluice_journal_keys_replaced_total", "") >=
                (double)damage_count);
    assert_true(scrape_figure(other, "sluice_journal_flush_failures_total", "") == 0);
    for (size_t k = 0; k < keys.count; k++) {
        WAIT_FOR (WAIT_SECONDS, scratch_contains(service_log(service), keys.at[k])) {
            damage(world, damages[0], keys.at[k]);
            expect_log(spoilt, decisions);
            expect_usage(spoilt, (int64_t)decisions, false);
        }
    }
    client_free(other);
    client_free(spoilt);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_of_any_type_starts_afresh_and_is_named),
        cmocka_unit_test(several_counters_are_each_named),
        cmocka_unit_test(a_log_and_a_usage_of_another_type_cost_no_other_app_anything),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
