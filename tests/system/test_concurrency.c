/* SPDX-License-Identifier: MIT
 *
 * A limit lets exactly as many pass as it says, however many ask at once and wherever: with Redis
 * through two instances, with the memory engine through two workers. */
#include "base/clock.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#include <pthread.h>

#define THREADS           20
#define CHECKS_PER_THREAD 10
#define CHECKS            (THREADS * CHECKS_PER_THREAD)
#define LIMIT             50
#define ROUNDS            100
#define WAIT_SECONDS      10

struct result {
    int64_t begun_us;
    int64_t ended_us;
    int status;
    int64_t remaining;
    bool degraded;
};

/* All threads do one round together: the results are read between `done` and the next `go`. */
struct crowd {
    pthread_barrier_t go;
    pthread_barrier_t done;
    const char *api_key;
    int ports[2];
    int rounds;
    struct result results[CHECKS];
};

struct member {
    struct crowd *crowd;
    int number;
    pthread_t thread;
};

struct instances {
    struct world *world;
    struct service *second; /* NULL with the memory engine */
};

static void *run_member(void *context)
{
    const struct member *member = context;
    struct crowd *crowd = member->crowd;
    struct client *client = client_new(crowd->ports[member->number % 2]);

    client_set_key(client, crowd->api_key);
    for (int round = 0; round < crowd->rounds; round++) {
        char user[32];
        (void)snprintf(user, sizeof(user), "user of round %d", round);
        (void)pthread_barrier_wait(&crowd->go);
        for (int i = 0; i < CHECKS_PER_THREAD; i++) {
            int64_t begun_us = clock_monotonic_us();
            const struct reply *reply = client_check(client, user, "/a");
            crowd->results[member->number * CHECKS_PER_THREAD + i] = (struct result){
                .begun_us = begun_us,
                .ended_us = clock_monotonic_us(),
                .status = reply->status,
                .remaining = reply_integer(reply, "remaining"),
                .degraded = reply_at(reply, "degraded") != NULL,
            };
        }
        (void)pthread_barrier_wait(&crowd->done);
    }
    client_free(client);
    return NULL;
}

/* NULL when the results can have come one after the other from one counter; else why not. */
static const char *fault_of(const struct result results[CHECKS])
{
    bool seen[LIMIT] = {false};
    int allowed = 0;
    int64_t last_allow_begun_us = 0;
    int64_t first_denial_ended_us = INT64_MAX;

    for (int i = 0; i < CHECKS; i++) {
        const struct result *result = &results[i];
        if (result->degraded || (result->status != 200 && result->status != 429))
            return "a check was not decided by the store";
        if (result->status == 429) {
            if (result->remaining != 0)
                return "something remained at a denial";
            if (result->ended_us < first_denial_ended_us)
                first_denial_ended_us = result->ended_us;
            continue;
        }
        allowed++;
        if (result->remaining < 0 || result->remaining >= LIMIT || seen[result->remaining])
            return "the same remained twice";
        seen[result->remaining] = true;
        if (result->begun_us > last_allow_begun_us)
            last_allow_begun_us = result->begun_us;
    }
    if (allowed != LIMIT)
        return "not as many passed as the limit says";
    return last_allow_begun_us > first_denial_ended_us ? "one passed after a denial" : NULL;
}

/* Returns how many of the rounds were not exact. Asserts nothing while threads run. */
static int run_rounds(const struct instances *instances, struct client *tenant, int rounds)
{
    struct crowd *crowd = MEMORY_NEW(struct crowd);
    struct member members[THREADS];
    int first_port = service_port(instances->world->service);
    int wrong = 0;

    crowd->api_key = client_key(tenant);
    crowd->ports[0] = first_port;
    crowd->ports[1] = instances->second == NULL ? first_port : service_port(instances->second);
    crowd->rounds = rounds;
    ASSERT(pthread_barrier_init(&crowd->go, NULL, THREADS + 1) == 0);
    ASSERT(pthread_barrier_init(&crowd->done, NULL, THREADS + 1) == 0);
    for (int i = 0; i < THREADS; i++) {
        members[i] = (struct member){.crowd = crowd, .number = i};
        ASSERT(pthread_create(&members[i].thread, NULL, run_member, &members[i]) == 0);
    }
    for (int round = 0; round < rounds; round++) {
        (void)pthread_barrier_wait(&crowd->go);
        (void)pthread_barrier_wait(&crowd->done);
        const char *fault = fault_of(crowd->results);
        if (fault != NULL && wrong++ == 0)
            print_error("round %d: %s\n", round, fault);
    }
    for (int i = 0; i < THREADS; i++)
        ASSERT(pthread_join(members[i].thread, NULL) == 0);
    (void)pthread_barrier_destroy(&crowd->go);
    (void)pthread_barrier_destroy(&crowd->done);
    free(crowd);
    return wrong;
}

/* Registers an app with this policy and waits until every instance knows it. */
static struct client *tenant_everywhere(const struct instances *instances, const char *policy)
{
    struct client *tenant = tenant_new(instances->world->service);

    tenant_policy(tenant, "%s", policy);
    if (instances->second != NULL) {
        struct client *there = stranger_new(instances->second);
        client_set_key(there, client_key(tenant));
        WAIT_FOR (WAIT_SECONDS, client_look(there, "anybody", "/a")->status == 200)
            ;
        client_free(there);
    }
    return tenant;
}

static void a_fixed_window_is_exact(void **state)
{
    const struct instances *instances = *state;
    struct client *tenant =
        tenant_everywhere(instances, "{'route_key':'/a','limit':50,'window_seconds':31536000}");

    assert_int_equal(run_rounds(instances, tenant, ROUNDS), 0);
    client_free(tenant);
}

static void a_sliding_window_is_exact(void **state)
{
    const struct instances *instances = *state;
    struct client *tenant =
        tenant_everywhere(instances, "{'route_key':'/a','algorithm':'sliding_window','limit':50,"
                                     "'window_seconds':31536000}");

    assert_int_equal(run_rounds(instances, tenant, ROUNDS), 0);
    client_free(tenant);
}

static void a_token_bucket_is_exact(void **state)
{
    const struct instances *instances = *state;
    struct client *tenant =
        tenant_everywhere(instances, "{'route_key':'/a','algorithm':'token_bucket','limit':50,"
                                     "'window_seconds':31536000}");

    assert_int_equal(run_rounds(instances, tenant, ROUNDS), 0);
    client_free(tenant);
}

static void a_leaky_bucket_is_exact(void **state)
{
    const struct instances *instances = *state;
    struct client *tenant =
        tenant_everywhere(instances, "{'route_key':'/a','algorithm':'leaky_bucket','limit':50,"
                                     "'window_seconds':31536000}");

    assert_int_equal(run_rounds(instances, tenant, ROUNDS), 0);
    client_free(tenant);
}

static void several_limits_are_exact_and_denials_leave_the_wide_one_alone(void **state)
{
    const struct instances *instances = *state;
    struct client *tenant =
        tenant_everywhere(instances, "{'route_key':'/a','limits':["
                                     "{'name':'wide','limit':190,'window_seconds':31536000},"
                                     "{'name':'narrow','limit':50,'window_seconds':31536000}]}");

    assert_int_equal(run_rounds(instances, tenant, 5), 0);

    EXPECT(client_look(tenant, "user of round 0", "/a"), 200,
           "{'limits':[{'name':'wide','remaining':140},{'name':'narrow','remaining':0}]}");
    client_free(tenant);
}

static int open_instances(void **state)
{
    struct instances *instances = MEMORY_NEW(struct instances);
    void *world = NULL;

    *state = instances;
    (void)world_open_engine(&world);
    instances->world = world;
    const struct service_options options = world_options(instances->world);
    instances->world->service = service_start(&options);
    if (instances->world->redis != NULL)
        instances->second = service_start(&options);
    return 0;
}

static int close_instances(void **state)
{
    struct instances *instances = *state;
    void *world = instances->world;

    service_stop(instances->second);
    free(instances);
    return world_close(&world);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fixed_window_is_exact),
        cmocka_unit_test(a_sliding_window_is_exact),
        cmocka_unit_test(a_token_bucket_is_exact),
        cmocka_unit_test(a_leaky_bucket_is_exact),
        cmocka_unit_test(several_limits_are_exact_and_denials_leave_the_wide_one_alone),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, open_instances, close_instances));
}
