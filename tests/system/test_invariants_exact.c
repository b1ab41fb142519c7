/* SPDX-License-Identifier: MIT
 *
 * G1, G2 and G4 with many callers at once. A limit lets exactly as many checks pass as it says,
 * however many callers ask, and wherever they ask: through two instances on Redis, or through two
 * workers with the memory engine. */
#include "base/clock.h"
#include "base/memory.h"
#include "limit/algorithm.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/one_counter.h"
#include "support/world.h"

#include <pthread.h>
#include <stdatomic.h>

#define CONNECTIONS 16
#define CHECKS      200
#define LIMIT       50
#define ROUNDS      100
#define MIXED_MAX   4

struct result {
    struct one_counter_check check;
    int status;
    bool degraded;
};

/* All threads do one round together. Each takes the next check until there are no more. The results
 * are read between `done` and the next `go`. */
struct crowd {
    pthread_barrier_t go;
    pthread_barrier_t done;
    const char *api_key;
    int ports[2];
    int rounds;
    int cost_max; /* 1: each check costs 1; else costs go from 0 to this, in turn */
    atomic_int next;
    struct result results[CHECKS];
};

struct member {
    struct crowd *crowd;
    int port;
    pthread_t thread;
};

static struct result check_once(struct client *client, const char *user, int cost)
{
    int64_t sent_us = clock_monotonic_us();
    const struct reply *reply =
        client_post(client, "/check", "{'user_id':'%s','route_key':'/a','cost':%d}", user, cost);

    return (struct result){
        .check = {.sent_us = sent_us,
                  .answered_us = clock_monotonic_us(),
                  .cost = cost,
                  .allowed = reply->status == 200,
                  .remaining = reply_integer(reply, "remaining")},
        .status = reply->status,
        .degraded = reply_at(reply, "degraded") != NULL,
    };
}

static void *run_member(void *context)
{
    const struct member *member = context;
    struct crowd *crowd = member->crowd;
    struct client *client = client_new(member->port);

    client_set_key(client, crowd->api_key);
    for (int round = 0; round < crowd->rounds; round++) {
        char user[32];
        (void)snprintf(user, sizeof(user), "user of round %d", round);
        (void)pthread_barrier_wait(&crowd->go);
        for (int i = atomic_fetch_add(&crowd->next, 1); i < CHECKS;
             i = atomic_fetch_add(&crowd->next, 1)) {
            int cost = crowd->cost_max == 1 ? 1 : i % (crowd->cost_max + 1);

            crowd->results[i] = check_once(client, user, cost);
        }
        (void)pthread_barrier_wait(&crowd->done);
    }
    client_free(client);
    return NULL;
}

/* NULL when the results can come from one counter that was asked by one after the other; else the
 * reason why not. If all checks cost 1, it follows that each value of `remaining` came once. */
static const char *fault_of(const struct crowd *crowd)
{
    struct one_counter_check checks[CHECKS];
    int64_t taken = 0;

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

/* Returns how many rounds had a fault. Asserts nothing while the threads run. */
static int run_rounds(const struct world *world, struct client *tenant, int rounds, int cost_max)
{
    struct crowd *crowd = MEMORY_NEW(struct crowd);
    struct member members[CONNECTIONS];
    int faults = 0;

    crowd->api_key = client_key(tenant);
    crowd->ports[0] = service_port(world->service);
    crowd->ports[1] = service_port(world->second == NULL ? world->service : world->second);
    crowd->rounds = rounds;
    crowd->cost_max = cost_max;
    ASSERT(pthread_barrier_init(&crowd->go, NULL, CONNECTIONS + 1) == 0);
    ASSERT(pthread_barrier_init(&crowd->done, NULL, CONNECTIONS + 1) == 0);
    for (int i = 0; i < CONNECTIONS; i++) {
        members[i] = (struct member){.crowd = crowd, .port = crowd->ports[i % 2]};
        ASSERT(pthread_create(&members[i].thread, NULL, run_member, &members[i]) == 0);
    }
    for (int round = 0; round < rounds; round++) {
        atomic_store(&crowd->next, 0);
        (void)pthread_barrier_wait(&crowd->go);
        (void)pthread_barrier_wait(&crowd->done);
        const char *fault = fault_of(crowd);
        if (fault != NULL && faults++ == 0)
            print_error("round %d: %s\n", round, fault);
    }
    for (int i = 0; i < CONNECTIONS; i++)
        ASSERT(pthread_join(members[i].thread, NULL) == 0);
    (void)pthread_barrier_destroy(&crowd->go);
    (void)pthread_barrier_destroy(&crowd->done);
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
    expect_no_faults(*state, ROUNDS, 1);
}

static void g2_every_history_is_that_of_one_counter(void **state)
{
    expect_no_faults(*state, ROUNDS / 10, MIXED_MAX);
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
