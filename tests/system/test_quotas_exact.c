/* SPDX-License-Identifier: MIT
 *
 * Checks and charges at once through two instances, or two workers with the memory engine: whole
 * costs and parts, of normal and of low priority, charges and what is given back. Afterwards each
 * counter has what was granted and charged, to the unit. */
#include "rounds.h"

#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"

#include <stdatomic.h>

#define REQUESTS 200
#define ORGS     2
#define FIRST    200 /* charged to each org before a round, so that there is enough to give back */
#define BACK     600 /* given back after it, so that `remaining` tells what was used */
#define QUOTA    900 /* of each org: less than is asked for */
#define POOL     5000

struct crowd {
    struct client *tenant;
    atomic_int granted[ORGS];
    atomic_int charged[ORGS];
    atomic_int denied;
    atomic_int in_part; /* granted less than they asked for, and not nothing */
    atomic_int failed;
};

/* What a request asks for; the next one asks for the next. */
static const struct {
    const char *path;
    int cost;
    const char *more;
} kinds[] = {
    {"/check", 3, ""},
    {"/check", 40, ",'partial':true"},
    {"/check", 5, ",'priority':'low'"},
    {"/charge", 7, ""},
    {"/check", 30, ",'partial':true,'priority':'low'"},
    {"/charge", -4, ""},
    {"/check", 11, ",'limit_overrides':{'org':800}"},
};

static void ask(void *context, struct client *client, int round, int i)
{
    struct crowd *crowd = context;
    const int kind = i % (int)ARRAY_COUNT(kinds);
    const bool is_charge = strcmp(kinds[kind].path, "/charge") == 0;
    const int cost = kinds[kind].cost;
    const int org = i / (int)ARRAY_COUNT(kinds) % ORGS;
    const struct reply *reply = client_post(
        client, kinds[kind].path, "{'subjects':{'org':'o%d'},'route_key':'/r%d','cost':%d%s}", org,
        round, cost, kinds[kind].more);
    const int64_t granted = reply_integer(reply, "granted");

    if (reply_at(reply, "degraded") != NULL || (reply->status != 200 && reply->status != 429) ||
        (is_charge && reply->status != 200)) {
        atomic_fetch_add(&crowd->failed, 1);
    } else if (is_charge) {
        atomic_fetch_add(&crowd->charged[org], cost);
    } else if (reply->status == 429) {
        atomic_fetch_add(&crowd->denied, 1);
    } else {
        atomic_fetch_add(&crowd->granted[org], granted == INT64_MIN ? cost : (int)granted);
        atomic_fetch_add(&crowd->in_part, granted != INT64_MIN && granted < cost);
    }
}

static const char *fault_of(void *context, int round)
{
    struct crowd *crowd = context;
    int used[ORGS];
    int of_all = 0;

    if (atomic_exchange(&crowd->failed, 0) > 0)
        return "a request was not answered as it should";
    for (int org = 0; org < ORGS; org++) {
        used[org] = FIRST + atomic_exchange(&crowd->granted[org], 0) +
                    atomic_exchange(&crowd->charged[org], 0);
        of_all += used[org];
    }
    for (int org = 0; org < ORGS; org++) {
        const struct reply *reply = client_post(
            crowd->tenant, "/charge", "{'subjects':{'org':'o%d'},'route_key':'/r%d','cost':%d}",
            org, round, -BACK);

        of_all -= BACK;
        if (reply->status != 200)
            return "it cannot be given back";
        if (reply_integer(reply, "limits.0.remaining") != QUOTA - (used[org] - BACK))
            return "an org was charged another number than it was told";
        if (reply_integer(reply, "limits.1.remaining") != POOL - of_all)
            return "all together were charged another number than they were told";
    }
    return NULL;
}

static void what_was_granted_and_charged_adds_up(void **state)
{
    const struct world *world = *state;
    struct crowd *crowd = MEMORY_NEW(struct crowd);
    const struct rounds rounds = {ROUNDS_MANY, REQUESTS, ask, fault_of, crowd};

    crowd->tenant = tenant_new(world->service);
    for (int round = 0; round < ROUNDS_MANY; round++) {
        tenant_policy(crowd->tenant,
                      "{'route_key':'/r%d','limits':["
                      "{'name':'org','by':'org','limit':%d,'window_seconds':31536000,"
                      "'algorithm':'%s','headroom':'10%%'},"
                      "{'name':'all','by':[],'limit':100,'window_seconds':31536000,"
                      "'burst':%d,'algorithm':'token_bucket','headroom':100}]}",
                      round, QUOTA,
                      (const char *[]){"fixed_window", "token_bucket", "sliding_window",
                                       "sliding_window_log"}[round % 4],
                      POOL);
        for (int org = 0; org < ORGS; org++) {
            EXPECT(client_post(crowd->tenant, "/charge",
                               "{'subjects':{'org':'o%d'},'route_key':'/r%d','cost':%d}", org,
                               round, FIRST),
                   200, NULL);
        }
    }
    if (world->second != NULL)
        client_free(tenant_at_second(world, crowd->tenant));

    assert_int_equal(rounds_run(&rounds, world, crowd->tenant), 0);
    assert_true(atomic_load(&crowd->denied) > ROUNDS_MANY);
    assert_true(atomic_load(&crowd->in_part) > ROUNDS_MANY);

    client_free(crowd->tenant);
    free(crowd);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_granted_and_charged_adds_up),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
