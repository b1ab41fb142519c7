/* SPDX-License-Identifier: MIT
 *
 * Invariants of a Redis that two instances share: G9, what it must hold, and G12, what it costs
 * when Redis is away. They are tested by name. */
#include "limit/algorithm.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 30
#define LIMIT        20
#define IMPATIENT_MS "200"
#define WINDOW_MS    60000

/* How many counters are in Redis, and in how many ms the first and the last of them expire; -1:
 * never. */
struct expiries {
    int64_t count;
    int64_t first_ms;
    int64_t last_ms;
};

static struct expiries expiries_read(const struct world *world)
{
    static const char script[] =
        "local count, first, last = 0, math.huge, -math.huge\n"
        "for _, key in ipairs(redis.call('KEYS', 'sluice:{*')) do\n"
        "  if key:find('^sluice:{[%w_-]+}:' .. ('%x'):rep(16)) then\n"
        "    local left = redis.call('PTTL', key)\n"
        "    count, first, last = count + 1, math.min(first, left), math.max(last, left)\n"
        "  end\n"
        "end\n"
        "return {count, first, last}";
    const redisReply *reply = redis_server_command(world->redis, "EVAL %s 0", script);

    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    return (struct expiries){reply->element[0]->integer, reply->element[1]->integer,
                             reply->element[2]->integer};
}

static void expect_expiries(const struct world *world, int64_t count_min)
{
    struct expiries expiries = expiries_read(world);

    assert_true(expiries.count >= count_min);
    assert_true(expiries.first_ms >= 0);
    assert_true(expiries.last_ms <= 2 * WINDOW_MS + 1000);
}

static void g9_every_counter_expires_within_two_windows(void **state)
{
    const struct world *world = *state;
    struct client *here = tenant_new(world->service);

    for (size_t i = 0; algorithm_names[i] != NULL; i++)
        tenant_policy(here, "{'route_key':'%s','algorithm':'%s','limit':2,'window_seconds':60}",
                      algorithm_names[i], algorithm_names[i]);
    struct client *there = tenant_at_second(world, here);

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        EXPECT(client_look(here, "alice", algorithm_names[i]), 200, NULL);
        EXPECT(client_check(here, "alice", algorithm_names[i]), 200, NULL);
        expect_expiries(world, (int64_t)i + 1);
        EXPECT(client_check(there, "alice", algorithm_names[i]), 200, NULL);
        EXPECT(client_check(here, "alice", algorithm_names[i]), 429, NULL);
        EXPECT(client_look(there, "alice", algorithm_names[i]), 200, NULL);
        expect_expiries(world, (int64_t)i + 1);
    }
    client_free(here);
    client_free(there);
}

static void g9_nothing_prolongs_a_fixed_window(void **state)
{
    const struct world *world = *state;
    struct client *here = tenant_new(world->service);
    tenant_policy(here, "{'route_key':'/a','limit':3,'window_seconds':100000}");
    struct client *there = tenant_at_second(world, here);
    EXPECT(client_check(here, "alice", "/a"), 200, NULL);
    int64_t at_first_ms = expiries_read(world).last_ms;
    WAIT_FOR (WAIT_SECONDS, expiries_read(world).last_ms < at_first_ms - 20)
        ;
    int64_t then_ms = expiries_read(world).last_ms;

    EXPECT(client_check(there, "alice", "/a"), 200, NULL);
    EXPECT(client_check(here, "alice", "/a"), 200, NULL);
    EXPECT(client_check(there, "alice", "/a"), 429, NULL);
    EXPECT(client_look(here, "alice", "/a"), 200, NULL);

    assert_in_range(at_first_ms, 99000 * 1000, 100000 * 1000);
    assert_in_range(expiries_read(world).last_ms, 1, then_ms);
    client_free(here);
    client_free(there);
}

struct tally {
    int local;  /* allowed by the instance alone */
    int shared; /* allowed by the store */
};

static void check_times(struct client *client, int times, struct tally *tally)
{
    for (int i = 0; i < times; i++) {
        const struct reply *reply = client_check(client, "alice", "/a");
        bool is_local = reply_at(reply, "degraded") != NULL;

        if (reply->status != 200)
            EXPECT(reply, 429, "{'allowed':false}");
        else if (is_local)
            tally->local++;
        else
            tally->shared++;
    }
}

static bool is_shared(struct client *client)
{
    return reply_at(client_look(client, "alice", "/a"), "degraded") == NULL;
}

/* How much the shared counter has left; -1 while it is not used. */
static int64_t shared_remaining(struct client *client)
{
    const struct reply *look = client_look(client, "alice", "/a");

    return reply_at(look, "degraded") != NULL ? -1 : reply_integer(look, "remaining");
}

static void g12_what_was_allowed_without_redis_counts_when_it_is_back(void **state)
{
    struct world world = *(const struct world *)*state;
    struct service_options options = world_options(&world);
    options.catalogue_in_file = true;
    world.service = service_start(&options);
    struct client *tenant = tenant_new(world.service);
    tenant_policy(tenant, "{'route_key':'/a','limit':10,'window_seconds':31536000}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);

    redis_server_kill(world.redis);
    for (int i = 0; i < 4; i++)
        EXPECT(client_check(tenant, "alice", "/a"), 200, "{'degraded':true}");
    redis_server_restart(world.redis);

    WAIT_FOR (WAIT_SECONDS, shared_remaining(tenant) == 10 - 4)
        ;
    client_free(tenant);
    service_stop(world.service);
}

/* As docs/guarantees.md says: while Redis is away, each instance counts alone and from zero. So in
 * one window the limit times (instances + 1) may pass. */
static void g12_without_redis_each_instance_lets_its_limit_pass_once_more(void **state)
{
    struct world world = *(const struct world *)*state;
    struct service_options options = world_options(&world);
    options.redis_timeout_ms = IMPATIENT_MS;
    world.service = service_start(&options);
    world.second = service_start(&options);
    struct client *here = tenant_new(world.service);
    tenant_policy(here, "{'route_key':'/a','limit':%d,'window_seconds':31536000}", LIMIT);
    struct client *there = tenant_at_second(&world, here);
    struct tally here_tally = {0};
    struct tally there_tally = {0};

    check_times(here, LIMIT / 4, &here_tally);
    check_times(there, LIMIT / 4, &there_tally);
    redis_server_pause(world.redis);
    WAIT_FOR (WAIT_SECONDS, !is_shared(here) && !is_shared(there))
        ;
    check_times(here, 2 * LIMIT, &here_tally);
    check_times(there, 2 * LIMIT, &there_tally);
    redis_server_continue(world.redis);
    WAIT_FOR (WAIT_SECONDS, is_shared(here) && is_shared(there))
        ;
    check_times(here, 2 * LIMIT, &here_tally);
    check_times(there, 2 * LIMIT, &there_tally);

    assert_int_equal(here_tally.local, LIMIT);
    assert_int_equal(there_tally.local, LIMIT);
    assert_in_range(here_tally.shared + there_tally.shared, 1, LIMIT);
    client_free(here);
    client_free(there);
    service_stop(world.service);
    service_stop(world.second);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g9_every_counter_expires_within_two_windows),
        cmocka_unit_test(g9_nothing_prolongs_a_fixed_window),
        cmocka_unit_test(g12_what_was_allowed_without_redis_counts_when_it_is_back),
        cmocka_unit_test(g12_without_redis_each_instance_lets_its_limit_pass_once_more),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
