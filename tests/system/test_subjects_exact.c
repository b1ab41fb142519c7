/* SPDX-License-Identifier: MIT
 *
 * Three limits by three sets of subjects, in two measures, with many callers at once through two
 * instances, or two workers with the memory engine. Exactly the strictest limit passes, and a
 * denial charges nothing: neither the user, nor the org, nor the pool. */
#include "rounds.h"

#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"

#include <stdatomic.h>

#define CHECKS 200
#define USERS  10
#define ORGS   2
#define TOKENS 2 /* of one check */
#define PASSES 50

/* Which limit is the strictest; each round has the next one. */
static const struct {
    int user_requests; /* of each of USERS */
    int org_tokens;    /* of each of ORGS */
    int pool_tokens;
} policies[] = {
    {PASSES / USERS, 10000, 10000},
    {1000, TOKENS *PASSES / ORGS, 10000},
    {1000, 10000, TOKENS *PASSES},
};

struct crowd {
    struct client *tenant;
    atomic_int allowed;
    atomic_int undecided; /* neither 200 nor 429, or degraded */
};

static void check(void *context, struct client *client, int round, int i)
{
    struct crowd *crowd = context;
    const struct reply *reply =
        client_post(client, "/check",
                    "{'subjects':{'org':'o%d','user':'u%d'},'route_key':'/r%d',"
                    "'costs':{'tokens':%d}}",
                    i % USERS % ORGS, i % USERS, round, TOKENS);
    const bool is_decided =
        (reply->status == 200 || reply->status == 429) && reply_at(reply, "degraded") == NULL;

    atomic_fetch_add(is_decided ? (reply->status == 200 ? &crowd->allowed : &(atomic_int){0})
                                : &crowd->undecided,
                     1);
}

/* What limit number `place` has left, by a look. */
static int64_t left_of(struct client *tenant, int round, int user, int place)
{
    char path[32];
    const struct reply *reply =
        client_post(tenant, "/check",
                    "{'subjects':{'org':'o%d','user':'u%d'},'route_key':'/r%d','cost':0,"
                    "'costs':{'tokens':0}}",
                    user % ORGS, user, round);

    (void)snprintf(path, sizeof(path), "limits.%d.remaining", place);
    return reply_integer(reply, path);
}

static const char *fault_of(void *context, int round)
{
    struct crowd *crowd = context;
    const size_t policy = (size_t)round % ARRAY_COUNT(policies);
    const int allowed = atomic_exchange(&crowd->allowed, 0);
    int64_t of_users = 0;
    int64_t of_orgs = 0;

    if (atomic_exchange(&crowd->undecided, 0) > 0)
        return "a check was not decided by the store";
    if (allowed != PASSES)
        return "not as much passed as the strictest limit says";
    for (int user = 0; user < USERS; user++)
        of_users += policies[policy].user_requests - left_of(crowd->tenant, round, user, 0);
    for (int org = 0; org < ORGS; org++)
        of_orgs += policies[policy].org_tokens - left_of(crowd->tenant, round, org, 1);
    if (of_users != PASSES)
        return "users were charged another number than passed";
    if (of_orgs != TOKENS * PASSES)
        return "orgs were charged another number than passed";
    if (policies[policy].pool_tokens - left_of(crowd->tenant, round, 0, 2) != TOKENS * PASSES)
        return "the pool was charged another number than passed";
    return NULL;
}

static void of_200_at_once_exactly_the_strictest_limit_passes(void **state)
{
    const struct world *world = *state;
    struct crowd *crowd = MEMORY_NEW(struct crowd);
    const struct rounds rounds = {ROUNDS_MANY, CHECKS, check, fault_of, crowd};

    crowd->tenant = tenant_new(world->service);
    for (int round = 0; round < ROUNDS_MANY; round++) {
        const size_t policy = (size_t)round % ARRAY_COUNT(policies);

        tenant_policy(crowd->tenant,
                      "{'route_key':'/r%d','limits':["
                      "{'name':'user','by':['org','user'],'limit':%d,'window_seconds':31536000},"
                      "{'name':'org','by':'org','counts':'tokens','limit':%d,"
                      "'window_seconds':31536000,'algorithm':'token_bucket'},"
                      "{'name':'pool','by':[],'counts':'tokens','limit':%d,"
                      "'window_seconds':31536000,'algorithm':'sliding_window'}]}",
                      round, policies[policy].user_requests, policies[policy].org_tokens,
                      policies[policy].pool_tokens);
    }
    if (world->second != NULL)
        client_free(tenant_at_second(world, crowd->tenant));

    assert_int_equal(rounds_run(&rounds, world, crowd->tenant), 0);

    client_free(crowd->tenant);
    free(crowd);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_200_at_once_exactly_the_strictest_limit_passes),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
