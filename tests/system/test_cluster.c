/* SPDX-License-Identifier: MIT
 *
 * A cluster that changes under a steady load: slots move, a master dies, another one comes. The
 * service follows without a restart, and what it decides meanwhile stays exact. Without the store
 * the policies here deny. So whatever passed was charged, and what the store has not decided is
 * seen. With --strict the service waits as long for Redis as it does by default; otherwise so long
 * that a busy machine changes no answer. */
#include "../fault/strict.h"
#include "cluster_load.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"

#include <pthread.h>
#include <stdatomic.h>

#define MASTERS      3
#define MOVES        10
#define WAIT_SECONDS 30
#define STEP_CHECKS  10 /* between two steps of a move */
#define YEAR         "31536000"

/* What has happened to a share of the checks, since tallies_forget(). */
struct tally {
    atomic_long allowed;
    atomic_long degraded;
};

static struct tally tallies[MASTERS];
static bool is_strict;
static char users[MASTERS][32]; /* one of each master */
static atomic_uint turn;

static void tallies_forget(void)
{
    for (size_t i = 0; i < MASTERS; i++) {
        atomic_store(&tallies[i].allowed, 0);
        atomic_store(&tallies[i].degraded, 0);
    }
}

static void tally_add(struct tally *tally, const struct reply *reply)
{
    if (reply->status == 200)
        atomic_fetch_add(&tally->allowed, 1);
    if (reply_at(reply, "degraded") != NULL)
        atomic_fetch_add(&tally->degraded, 1);
}

/* To the next of the masters of the start. Some checks are answered in each state: all keys here,
 * some there, and all there. */
static void move_slowly(struct redis_cluster *cluster, struct load *load, int slot)
{
    const size_t to = (redis_cluster_owner(cluster, slot) + 1) % MASTERS;

    redis_cluster_begin_move(cluster, slot, to);
    load_wait_for_checks(load, STEP_CHECKS, WAIT_SECONDS);
    (void)redis_cluster_move_keys(cluster, slot, to, 1);
    load_wait_for_checks(load, STEP_CHECKS, WAIT_SECONDS);
    redis_cluster_end_move(cluster, slot, to);
    load_wait_for_checks(load, STEP_CHECKS, WAIT_SECONDS);
}

/* All counters are in one slot, because they are about one user. Each check needs one of them. */
static void what_has_one_key_is_exact_while_its_slot_moves(void **state)
{
    enum { LIMIT = 60 };
    static const char *const algorithms[] = {"fixed_window", "token_bucket", "sliding_window",
                                             "sliding_window_log", NULL};
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    for (size_t i = 0; algorithms[i] != NULL; i++)
        tenant_policy(tenant,
                      "{'route_key':'%s','algorithm':'%s','limit':%d,'window_seconds':" YEAR
                      ",'on_store_error':'deny'}",
                      algorithms[i], algorithms[i], LIMIT);
    const int slot =
        cluster_load_slot(world->cluster, tenant, "{'user_id':'load','route_key':'fixed_window'}");
    struct load *load = cluster_load_begin(world, tenant, algorithms, NULL);

    for (int i = 0; i < MOVES; i++)
        move_slowly(world->cluster, load, slot);
    WAIT_FOR (WAIT_SECONDS, load_summary(load).denied > MOVES)
        ;
    const struct load_summary summary = load_end(load);
    cluster_load_print_calls(world);

    load_expect_answered(&summary);
    assert_int_equal(summary.degraded, 0);
    assert_int_equal(summary.allowed, 4 * LIMIT - 1); /* one was charged to find the slot */
    for (size_t i = 0; algorithms[i] != NULL; i++)
        EXPECT(client_look(tenant, "load", algorithms[i]), 200, "{'remaining':0}");
    client_free(tenant);
}

/* The first tally is of the route "several", the second one of "one". Each user is new. */
static const struct reply *ask_for_a_new_user(struct client *client, const char *user_id,
                                              const char *route_key)
{
    const struct reply *reply =
        client_post(client, "/check", "{'subjects':{'org':'%s','user':'u%u'},'route_key':'%s'}",
                    user_id, atomic_fetch_add(&turn, 1), route_key);

    tally_add(&tallies[strcmp(route_key, "several") == 0 ? 0 : 1], reply);
    return reply;
}

/* More than were under way, so that one has begun since. */
static void wait_until_outlasted(struct load *load)
{
    const long enough = load_summary(load).degraded + CLUSTER_LOAD_CONNECTIONS + 1;

    WAIT_FOR (WAIT_SECONDS, load_summary(load).degraded >= enough)
        ;
}

/* While the slot moves, no node has both keys, because one is new. A check that waits for longer
 * than the service waits for Redis is denied without the store, and is not charged. */
static void what_has_several_keys_is_exact_but_for_what_a_move_outlasts(void **state)
{
    enum { ALL_HERE = 3, ALL_THERE = 6 }; /* moves that stop while the old keys are there */
    static const char *const routes[] = {"several", "one", NULL};
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'several','on_store_error':'deny','limits':["
                          "{'name':'user','by':['org','user'],'limit':9,'window_seconds':" YEAR "},"
                          "{'name':'org','by':'org','limit':100,'window_seconds':" YEAR "}]}");
    tenant_policy(tenant, "{'route_key':'one','on_store_error':'deny','limits':["
                          "{'by':'org','limit':1000000,'window_seconds':" YEAR "}]}");
    const int slot = cluster_load_slot(
        world->cluster, tenant, "{'subjects':{'org':'load','user':'first'},'route_key':'one'}");
    tallies_forget();
    const double late_before = cluster_load_calls(world, "late");
    struct load *load = cluster_load_begin(world, tenant, routes, ask_for_a_new_user);

    for (int i = 0; i < MOVES; i++) {
        const size_t to = (redis_cluster_owner(world->cluster, slot) + 1) % MASTERS;

        load_wait_for_checks(load, 2 * STEP_CHECKS, WAIT_SECONDS);
        redis_cluster_begin_move(world->cluster, slot, to);
        while (i == ALL_THERE && redis_cluster_move_keys(world->cluster, slot, to, 100) > 0)
            ;
        if (i == ALL_HERE || i == ALL_THERE)
            wait_until_outlasted(load);
        redis_cluster_end_move(world->cluster, slot, to);
    }
    WAIT_FOR (WAIT_SECONDS, load_summary(load).denied > load_summary(load).degraded + MOVES)
        ;
    const struct load_summary summary = load_end(load);
    cluster_load_print_calls(world);

    load_expect_answered(&summary);
    /* A late reply answers no check, but has charged it. */
    const double late = cluster_load_calls(world, "late") - late_before;
    assert_in_range(atomic_load(&tallies[0].allowed), 100 - (uintmax_t)late, 100);
    assert_int_equal(atomic_load(&tallies[1].degraded), 0); /* so no breaker was open */
    EXPECT(client_post(tenant, "/check",
                       "{'subjects':{'org':'load','user':'other'},'route_key':'several','cost':0}"),
           200, "{'limits':[{'remaining':9},{'remaining':0}]}");
    print_message("%ld of %ld checks were outlasted\n", summary.degraded, summary.checks);
    client_free(tenant);
}

/* One is never reached, and the other one is 50. */
static struct client *tenant_with_limits(const struct service *service)
{
    struct client *tenant = tenant_new(service);

    tenant_policy(tenant, "{'route_key':'/a','limit':1000000,'window_seconds':" YEAR
                          ",'on_store_error':'deny'}");
    tenant_policy(tenant, "{'route_key':'/50','limit':50,'window_seconds':" YEAR
                          ",'on_store_error':'deny'}");
    return tenant;
}

/* Finds a user of each of the masters of the start. */
static void find_users(struct redis_cluster *cluster, struct client *tenant)
{
    size_t found = 0;

    memset(users, 0, sizeof(users));
    for (int i = 0; found < MASTERS; i++) {
        char check[64];

        (void)snprintf(check, sizeof(check), "{'user_id':'user-%d','route_key':'/a'}", i);
        const size_t owner =
            redis_cluster_owner(cluster, cluster_load_slot(cluster, tenant, check));
        assert_true(owner < MASTERS);
        if (users[owner][0] == '\0') {
            (void)snprintf(users[owner], sizeof(users[owner]), "user-%d", i);
            found++;
        }
    }
}

static const struct reply *ask_for_a_user_in_turn(struct client *client, const char *user_id,
                                                  const char *route_key)
{
    const size_t share = atomic_fetch_add(&turn, 1) % MASTERS;

    (void)user_id;
    const struct reply *reply = client_check(client, users[share], route_key);
    tally_add(&tallies[share], reply);
    return reply;
}

static const char *crowded_user;

static const struct reply *ask_for_the_crowded(struct client *client, const char *user_id,
                                               const char *route_key)
{
    (void)user_id;
    return client_check(client, crowded_user, route_key);
}

/* The tenant's route "/50" has a limit of 50, and was not asked for. */
static void expect_an_exact_limit(const struct world *world, struct client *tenant,
                                  const char *user)
{
    static const char *const routes[] = {"/50", NULL};
    crowded_user = user;

    struct load *load = cluster_load_begin(world, tenant, routes, ask_for_the_crowded);
    WAIT_FOR (WAIT_SECONDS, load_summary(load).denied > STEP_CHECKS)
        ;
    const struct load_summary summary = load_end(load);
    cluster_load_print_calls(world);

    load_expect_answered(&summary);
    assert_int_equal(summary.degraded, 0);
    assert_int_equal(summary.allowed, 50);
}

/* Each worker finds out by itself that a node is there again. */
static bool is_decided_by_all(struct load *load)
{
    const long degraded = load_summary(load).degraded;

    load_wait_for_checks(load, 10 * STEP_CHECKS, WAIT_SECONDS);
    return load_summary(load).degraded == degraded;
}

static void a_master_that_dies_takes_only_its_share_until_its_replica_is_there(void **state)
{
    enum { KILLED = 1 };
    static const char *const routes[] = {"/a", NULL};
    const struct world *world = *state;
    struct client *tenant = tenant_with_limits(world->service);
    find_users(world->cluster, tenant);
    tallies_forget();
    struct load *load = cluster_load_begin(world, tenant, routes, ask_for_a_user_in_turn);
    load_wait_for_checks(load, 10 * STEP_CHECKS, WAIT_SECONDS);

    redis_cluster_kill(world->cluster, KILLED);
    WAIT_FOR (WAIT_SECONDS, atomic_load(&tallies[KILLED].degraded) > 0)
        ;
    const size_t heir = redis_cluster_await_takeover(world->cluster, KILLED);
    WAIT_FOR (WAIT_SECONDS, is_decided_by_all(load))
        ;
    const struct load_summary summary = load_end(load);
    cluster_load_print_calls(world);

    load_expect_answered(&summary);
    assert_int_equal(heir, MASTERS + KILLED);
    assert_int_equal(summary.degraded, atomic_load(&tallies[KILLED].degraded));
    expect_an_exact_limit(world, tenant, users[KILLED]);
    WAIT_FOR (WAIT_SECONDS, client_post(tenant, "/register", "{'name':'New'}")->status == 201)
        ;
    redis_cluster_restart(world->cluster, KILLED);
    client_free(tenant);
}

/* How many scripts a node has run by their hash. */
static long scripts_run(struct redis_server *node)
{
    const char *text = redis_server_command(node, "INFO commandstats")->str;
    const char *at = strstr(text, "cmdstat_evalsha:calls=");

    return at == NULL ? 0 : strtol(strchr(at, '=') + 1, NULL, 10);
}

static void a_master_that_joins_is_used_without_a_restart(void **state)
{
    static const char *const routes[] = {"/a", NULL};
    const struct world *world = *state;
    struct client *tenant = tenant_with_limits(world->service);
    const int slot =
        cluster_load_slot(world->cluster, tenant, "{'user_id':'load','route_key':'/a'}");
    struct load *load = cluster_load_begin(world, tenant, routes, NULL);

    const size_t joined = redis_cluster_add_master(world->cluster);
    for (int next = slot; next < slot + 10; next++)
        redis_cluster_move(world->cluster, next % 16384, joined);
    struct redis_server *node = redis_cluster_node(world->cluster, joined);
    WAIT_FOR (WAIT_SECONDS, scripts_run(node) > STEP_CHECKS)
        ;
    WAIT_FOR (WAIT_SECONDS, json_array_size(reply_at(client_get(tenant, "/readyz"),
                                                     "store_nodes")) == MASTERS + 1)
        ;
    const struct load_summary summary = load_end(load);
    cluster_load_print_calls(world);

    load_expect_answered(&summary);
    if (!is_strict) /* it is found as soon as it has a key, but a check may not wait so long */
        assert_int_equal(summary.degraded, 0);
    assert_int_equal(summary.denied, summary.degraded);
    /* Each check was charged once, besides the one that found the slot. */
    assert_int_equal(reply_integer(client_look(tenant, "load", "/a"), "remaining"),
                     1000000 - 1 - summary.allowed);
    expect_an_exact_limit(world, tenant, "load");
    client_free(tenant);
}

/* Registers apps, each with a policy, until it is told to end. Asserts nothing. */
struct registrar {
    struct client *client;
    pthread_t thread;
    atomic_bool ending;
    atomic_int done;
    atomic_int failed;
    char keys[1024][96];
};

static void *register_apps(void *context)
{
    struct registrar *registrar = context;

    while (!atomic_load(&registrar->ending) &&
           (size_t)atomic_load(&registrar->done) < ARRAY_COUNT(registrar->keys)) {
        char *key = registrar->keys[atomic_load(&registrar->done)];
        client_set_key(registrar->client, "");
        const struct reply *reply = client_post(registrar->client, "/register", "{'name':'New'}");
        (void)snprintf(key, sizeof(registrar->keys[0]), "%s", reply_text(reply, "api_key"));
        atomic_fetch_add(&registrar->failed, reply->status != 201);
        client_set_key(registrar->client, key);
        reply = client_post(registrar->client, "/policy", "{'route_key':'/a','rate':'5/h'}");
        atomic_fetch_add(&registrar->failed, reply->status != 201);
        atomic_fetch_add(&registrar->done, 1);
    }
    return NULL;
}

static void the_catalogue_is_whole_after_its_slot_has_moved(void **state)
{
    static struct registrar registrar;
    const struct world *world = *state;
    const int slot = redis_cluster_slot(world->cluster, "sluice:{catalogue}:apps");
    const struct service_options options = world_options(world);
    registrar.client = stranger_new(world->service);
    assert_int_equal(pthread_create(&registrar.thread, NULL, register_apps, &registrar), 0);

    for (int i = 0; i < MOVES; i++) {
        const int enough = atomic_load(&registrar.done) + 2;

        redis_cluster_move(world->cluster, slot,
                           (redis_cluster_owner(world->cluster, slot) + 1) % MASTERS);
        WAIT_FOR (WAIT_SECONDS, atomic_load(&registrar.done) >= enough)
            ;
    }
    atomic_store(&registrar.ending, true);
    assert_int_equal(pthread_join(registrar.thread, NULL), 0);
    client_free(registrar.client);

    assert_int_equal(atomic_load(&registrar.failed), 0);
    struct service *other = service_start(&options);
    struct client *client = stranger_new(other);
    for (int i = 0; i < atomic_load(&registrar.done); i++) {
        client_set_key(client, registrar.keys[i]);
        EXPECT(client_get(client, "/policy"), 200, "[{'route_key':'/a'}]");
    }
    client_free(client);
    service_stop(other);
}

static void the_log_is_whole_after_its_slot_has_moved(void **state)
{
    static const char *const routes[] = {"/a", NULL};
    const struct world *world = *state;
    const struct service_options options = world_options(world);
    char key[64];
    struct client *tenant = stranger_new(world->service);
    const struct reply *reply = client_post(tenant, "/register", "{'name':'Test'}");
    EXPECT(reply, 201, NULL);
    (void)snprintf(key, sizeof(key), "sluice:log:{%s}", reply_text(reply, "app_id"));
    client_set_key(tenant, reply_text(reply, "api_key"));
    tenant_policy(tenant, "{'route_key':'/a','limit':100,'window_seconds':" YEAR "}");
    const int slot = redis_cluster_slot(world->cluster, key);
    struct load *load = cluster_load_begin(world, tenant, routes, NULL);

    for (int i = 0; i < MOVES; i++)
        move_slowly(world->cluster, load, slot);
    const struct load_summary summary = load_end(load);
    cluster_load_print_calls(world);

    load_expect_answered(&summary);
    assert_true(summary.checks < 1000); /* so many the log keeps */
    assert_int_equal(service_count_events(world->service, "journal key failed"), 0);
    struct service *other = service_start(&options);
    struct client *there = stranger_new(other);
    client_set_key(there, client_key(tenant));
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(there, "/logs/latest?limit=1000")->json) ==
                                (size_t)summary.checks)
        ;
    WAIT_FOR (WAIT_SECONDS,
              reply_integer(client_get(there, "/usage"), "totals.allowed") == summary.allowed &&
                  reply_integer(client_get(there, "/usage"), "totals.denied") == summary.denied)
        ;
    client_free(there);
    service_stop(other);
    client_free(tenant);
}

static int open_cluster(void **state)
{
    static struct world world;
    struct service_options options;

    world.cluster = redis_cluster_start(MASTERS, 1);
    world.redis_url = redis_cluster_url(world.cluster);
    options = world_options(&world);
    options.redis_timeout_ms = is_strict ? "50" : "1000";
    world.service = service_start(&options);
    *state = &world;
    return 0;
}

static int close_cluster(void **state)
{
    struct world *world = *state;

    service_stop(world->service);
    redis_cluster_stop(world->cluster);
    return 0;
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_one_key_is_exact_while_its_slot_moves),
        cmocka_unit_test(what_has_several_keys_is_exact_but_for_what_a_move_outlasts),
        cmocka_unit_test(the_catalogue_is_whole_after_its_slot_has_moved),
        cmocka_unit_test(the_log_is_whole_after_its_slot_has_moved),
        cmocka_unit_test(a_master_that_dies_takes_only_its_share_until_its_replica_is_there),
        cmocka_unit_test(a_master_that_joins_is_used_without_a_restart),
    };

    is_strict = strict_read_arguments(argc, argv);
    return service_report(cmocka_run_group_tests(tests, open_cluster, close_cluster));
}
