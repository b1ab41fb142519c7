/* SPDX-License-Identifier: MIT
 *
 * G1, G2 and G4 with many callers at once. A limit lets exactly as many checks pass as it says,
 * however many callers ask, and wherever they ask: through two instances on Redis, or through two
 * workers with the memory engine. */
#include "rounds.h"

#include "base/clock.h"
#include "base/memory.h"
#include "limit/algorithm.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/one_counter.h"

#define CHECKS    200
#define LIMIT     50
#define MIXED_MAX 4

struct result {
    struct one_counter_check check;
    int status;
    bool degraded;
};

struct crowd {
    int cost_max; /* 1: each check costs 1; else costs go from 0 to this, in turn */
    struct result results[CHECKS];
};

static void check_once(void *context, struct client *client, int round, int i)
{
    struct crowd *crowd = context;
    const int cost = crowd->cost_max == 1 ? 1 : i % (crowd->cost_max + 1);
    int64_t sent_us = clock_monotonic_us();
    const struct reply *reply = client_post(
        client, "/check", "{'user_id':'user of round %d','route_key':'/a','cost':%d}", round, cost);

    crowd->results[i] = (struct result){
        .check = {.sent_us = sent_us,
                  .answered_us = clock_monotonic_us(),
                  .cost = cost,
                  .allowed = reply->status == 200,
                  .remaining = reply_integer(reply, "remaining")},
        .status = reply->status,
        .degraded = reply_at(reply, "degraded") != NULL,
    };
}

/* NULL when the results can come from one counter that was asked by one after the other; else the
 * reason why not. If all checks cost 1, it follows that each value of `remaining` came once. */
static const char *fault_of(void *context, int round)
{
    const struct crowd *crowd = context;
    struct one_counter_check checks[CHECKS];
    int64_t taken = 0;

    (void)round;
    for (int i = 0; i < CHECKS; i++) {
        const struct result *result = &crowd->results[i];

        if (result->degraded || (result->status != 200 && result->status != 429))
            return "a check was not decided by the store";
        checks[i] = result->check;
        taken += result->check.allowed ? result->check.cost : 0;
    }
    if (taken != LIMIT)
        return "not as much passed as the limit says";
    if (!one_counter_explains(checks, CHECKS, LIMIT))
        return "one counter, asked one after the other, cannot have told them this";
    return NULL;
}

/* Returns how many rounds had a fault. */
static int run_rounds(const struct world *world, struct client *tenant, int rounds, int cost_max)
{
    struct crowd *crowd = MEMORY_NEW(struct crowd);
    const struct rounds many = {rounds, CHECKS, check_once, fault_of, crowd};

    crowd->cost_max = cost_max;
    const int faults = rounds_run(&many, world, tenant);
    free(crowd);
    return faults;
}

/* Registers an app with this policy for /a. Returns once every instance knows it. */
static struct client *tenant_everywhere(const struct world *world, const char *limits)
{
    struct client *tenant = tenant_new(world->service);

    tenant_policy(tenant, "{'route_key':'/a',%s}", limits);
    if (world->second != NULL)
        client_free(tenant_at_second(world, tenant));
    return tenant;
}

static void expect_no_faults(const struct world *world, int rounds, int cost_max)
{
    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        char limit[128];
        (void)snprintf(limit, sizeof(limit),
                       "'algorithm':'%s','limit':%d,'window_seconds':31536000", algorithm_names[i],
                       LIMIT);
        struct client *tenant = tenant_everywhere(world, limit);

        if (run_rounds(world, tenant, rounds, cost_max) != 0)
            fail_msg("%s is not exact", algorithm_names[i]);
        client_free(tenant);
    }
}

static void g1_of_200_at_once_exactly_the_limit_pass(void **state)
{
    expect_no_faults(*state, ROUNDS_MANY, 1);
}

static void g2_every_history_is_that_of_one_counter(void **state)
{
    expect_no_faults(*state, ROUNDS_MANY / 10, MIXED_MAX);
}

static void g4_a_crowd_that_one_limit_denies_leaves_the_other_alone(void **state)
{
    const struct world *world = *state;
    struct client *tenant =
        tenant_everywhere(world, "'limits':["
                                 "{'name':'wide','limit':190,'window_seconds':31536000},"
                                 "{'name':'narrow','limit':50,'window_seconds':31536000}]");

    assert_int_equal(run_rounds(world, tenant, 5, 1), 0);

    EXPECT(client_look(tenant, "user of round 0", "/a"), 200,
           "{'limits':[{'name':'wide','remaining':140},{'name':'narrow','remaining':0}]}");
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g1_of_200_at_once_exactly_the_limit_pass),
        cmocka_unit_test(g2_every_history_is_that_of_one_counter),
        cmocka_unit_test(g4_a_crowd_that_one_limit_denies_leaves_the_other_alone),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
