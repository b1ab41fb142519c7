/* SPDX-License-Identifier: MIT
 *
 * An upgrade and the way back. Two instances on one Redis are replaced one after the other, under a
 * steady load. Meanwhile policies are written at both. */
#include "base/clock.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/load.h"
#include "support/wait.h"
#include "support/world.h"
#include "versions.h"

#define WAIT_SECONDS 30
#define LIMIT        5
#define CHECKS       (4 * LIMIT)
#define STAGE_CHECKS 50
#define PER_SECOND   100
#define CONNECTIONS  2
#define ATTEMPTS_MAX 4000 /* enough until an instance is back, even on a busy machine */
#define LISTEN_BYTES 32

/* Changes per side. */
#define VERSION_CHANGES 2

enum { SIDES = 2 };

static const char *const algorithms[] = {"fixed_window", "sliding_window", "sliding_window_log",
                                         "token_bucket", "leaky_bucket"};

/* The first stage is the beginning. */
static const enum version stages[][SIDES] = {
    {OLD, OLD}, {NEW, OLD}, {NEW, NEW}, {OLD, NEW}, {OLD, OLD},
};

/* One of the two instances, with its present version. */
struct side {
    enum version version;
    struct service *service;
    char listen[LISTEN_BYTES];
    struct client *tenant;
    struct load *load;
};

struct rolling {
    const struct world *world;
    struct side sides[SIDES];
    int stage;
    int64_t slowest_us;                      /* until the other side had a policy */
    int64_t passed[ARRAY_COUNT(algorithms)]; /* of one subject, in all stages */
};

static void side_start(struct side *side, const struct world *world, enum version version)
{
    struct service_options options = world_options(world);
    const char *const flags[] = {"--listen", side->listen, NULL};

    options.flags = flags;
    side->version = version;
    side->service = version_start(version, &options);
    (void)snprintf(side->listen, sizeof(side->listen), "127.0.0.1:%d", service_port(side->service));
}

static struct load *load_at(const struct side *side, const char *user)
{
    const struct load_options options = {
        .port = service_port(side->service),
        .api_key = client_key(side->tenant),
        .routes = {"/load"},
        .threads = CONNECTIONS,
        .per_second = PER_SECOND,
        .attempts_max = ATTEMPTS_MAX,
        .counted_user = user,
        .denying_route = "none",
    };

    return load_begin(&options);
}

static void expect_seen(struct rolling *rolling, struct client *client, const char *route,
                        int64_t limit)
{
    const int64_t saved_us = clock_monotonic_us();

    WAIT_FOR (version_seen_seconds(), client_has_limit(client, route, limit))
        ;
    const int64_t took_us = clock_monotonic_us() - saved_us;
    if (took_us > rolling->slowest_us)
        rolling->slowest_us = took_us;
}

/* One policy is made, changed and deleted. Another stays. */
static void write_policies(struct rolling *rolling, const struct side *here,
                           const struct side *there)
{
    char kept[LISTEN_BYTES];

    (void)snprintf(kept, sizeof(kept), "/kept/%d/%d", rolling->stage, (int)(here - rolling->sides));
    tenant_policy(here->tenant, "{'route_key':'%s','limit':3,'window_seconds':60}", kept);
    expect_seen(rolling, there->tenant, kept, 3);
    tenant_policy(here->tenant, "{'route_key':'/brief','limit':1,'window_seconds':60}");
    expect_seen(rolling, there->tenant, "/brief", 1);
    tenant_policy(here->tenant, "{'route_key':'/brief','limit':2,'window_seconds':60}");
    expect_seen(rolling, there->tenant, "/brief", 2);
    EXPECT(client_delete(here->tenant, "/policy", "{'route_key':'/brief'}"), 200, NULL);
    expect_seen(rolling, there->tenant, "/brief", 0);
}

static void use_a_new_key(const struct side *here, const struct side *there)
{
    struct client *registered = tenant_new(here->service);
    struct client *known = stranger_new(there->service);

    client_set_key(known, client_key(registered));
    EXPECT(client_get(known, "/policy"), 200, "[]");
    client_free(registered);
    client_free(known);
}

static void expect_decision_in_log(const struct rolling *rolling, const struct side *here,
                                   const struct side *there)
{
    char user[LISTEN_BYTES];

    (void)snprintf(user, sizeof(user), "logged-%d-%d", rolling->stage,
                   (int)(here - rolling->sides));
    EXPECT(client_check(here->tenant, user, "/load"), 200, NULL);
    WAIT_FOR (WAIT_SECONDS,
              json_array_size(client_get(there->tenant, "/logs/latest?user_id=%s", user)->json) ==
                  1)
        ;
}

/* How many checks pass, asked of both sides in turn. */
static int64_t count_passed(const struct rolling *rolling, const char *user, const char *algorithm)
{
    int64_t passed = 0;

    for (int i = 0; i < CHECKS; i++) {
        const struct reply *reply =
            client_post(rolling->sides[i % SIDES].tenant, "/check",
                        "{'user_id':'%s','route_key':'/%s'}", user, algorithm);
        if (reply->status != 429)
            EXPECT(reply, 200, NULL);
        assert_null(reply_at(reply, "degraded"));
        passed += reply->status == 200;
    }
    return passed;
}

/* For a new subject of this stage, and for one that is used in all stages. */
static void expect_exact(struct rolling *rolling)
{
    const bool mixed = versions_differ() && rolling->sides[0].version != rolling->sides[1].version;
    char user[LISTEN_BYTES];

    (void)snprintf(user, sizeof(user), "stage-%d", rolling->stage);
    print_message("%13s passed per counter of %d:", "", LIMIT);
    for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
        const int64_t passed = count_passed(rolling, user, algorithms[i]);
        rolling->passed[i] += count_passed(rolling, "all-the-way", algorithms[i]);
        print_message(" %lld", (long long)passed);
        assert_in_range(passed, LIMIT, mixed ? 2 * LIMIT : LIMIT);
        assert_in_range(rolling->passed[i], LIMIT, versions_differ() ? 2 * LIMIT : LIMIT);
    }
    print_message("\n");
}

/* The newer version lists what the older one lists. It may tell more. */
static void expect_same_policies(const struct rolling *rolling)
{
    const bool second_is_newer = rolling->sides[1].version >= rolling->sides[0].version;
    struct client *older = rolling->sides[second_is_newer ? 0 : 1].tenant;
    struct client *newer = rolling->sides[second_is_newer ? 1 : 0].tenant;
    const struct reply *was = client_get(older, "/policy");
    const struct reply *is = client_get(newer, "/policy");

    EXPECT(was, 200, NULL);
    EXPECT(is, 200, NULL);
    assert_true(json_matches(is->json, was->json));
    assert_int_equal(json_array_size(is->json),
                     1 + ARRAY_COUNT(algorithms) + (size_t)(rolling->stage + 1) * SIDES);
}

static void stage_play(struct rolling *rolling)
{
    struct side *sides = rolling->sides;

    print_message("%s+%s\n", version_words[sides[0].version], version_words[sides[1].version]);
    rolling->slowest_us = 0;
    for (int i = 0; i < SIDES; i++) {
        use_a_new_key(&sides[i], &sides[1 - i]);
        write_policies(rolling, &sides[i], &sides[1 - i]);
        expect_decision_in_log(rolling, &sides[i], &sides[1 - i]);
    }
    print_message("%13s a policy was at the other after %lld ms at most\n", "",
                  (long long)rolling->slowest_us / 1000);
    expect_exact(rolling);
    expect_same_policies(rolling);
    for (int i = 0; i < SIDES; i++)
        load_wait_for_checks(sides[i].load, STAGE_CHECKS, WAIT_SECONDS);
}

static void rolling_begin(struct rolling *rolling)
{
    struct side *sides = rolling->sides;

    for (int i = 0; i < SIDES; i++) {
        (void)snprintf(sides[i].listen, sizeof(sides[i].listen), "127.0.0.1:0");
        side_start(&sides[i], rolling->world, stages[0][i]);
    }
    sides[0].tenant = tenant_new(sides[0].service);
    sides[1].tenant = stranger_new(sides[1].service);
    client_set_key(sides[1].tenant, client_key(sides[0].tenant));
    tenant_policy(sides[0].tenant,
                  "{'route_key':'/load','limit':1000000000,'window_seconds':31536000}");
    for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
        tenant_policy(sides[0].tenant,
                      "{'route_key':'/%s','algorithm':'%s','limit':%d,'window_seconds':86400}",
                      algorithms[i], algorithms[i], LIMIT);
    }
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(sides[1].tenant, "/policy")->json) ==
                                1 + ARRAY_COUNT(algorithms))
        ;
    sides[0].load = load_at(&sides[0], "first");
    sides[1].load = load_at(&sides[1], "second");
}

/* With another version a counter may start afresh. On the way back it may continue with its old
 * state. */
static void expect_counted(const struct load_summary *summary)
{
    const long most = versions_differ() ? VERSION_CHANGES * CONNECTIONS : 0;

    if (summary->too_low + summary->too_high > most)
        load_expect_counted(summary, false);
}

static void rolling_end(struct rolling *rolling)
{
    for (int i = 0; i < SIDES; i++) {
        struct side *side = &rolling->sides[i];
        const struct load_summary summary = load_end(side->load);
        client_free(side->tenant);
        service_stop(side->service);
        print_message("load %d: %ld checks, %ld attempts were made again, %ld degraded, "
                      "%ld failed; %ld counts went back, %ld ahead\n",
                      i, summary.checks, summary.retried, summary.degraded, summary.failed,
                      summary.too_low, summary.too_high);
        load_expect_answered(&summary);
        expect_counted(&summary);
        assert_int_equal(summary.degraded, 0);
    }
}

static void an_upgrade_one_after_the_other_and_the_way_back_fail_no_check(void **state)
{
    struct rolling rolling = {.world = *state};

    rolling_begin(&rolling);
    stage_play(&rolling);
    for (rolling.stage = 1; rolling.stage < (int)ARRAY_COUNT(stages); rolling.stage++) {
        for (int i = 0; i < SIDES; i++) {
            const enum version version = stages[rolling.stage][i];
            if (rolling.sides[i].version == version)
                continue;
            service_stop(rolling.sides[i].service);
            side_start(&rolling.sides[i], rolling.world, version);
        }
        stage_play(&rolling);
    }
    rolling_end(&rolling);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_one_after_the_other_and_the_way_back_fail_no_check),
    };

    versions_choose(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
