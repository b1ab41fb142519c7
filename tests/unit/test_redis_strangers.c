/* SPDX-License-Identifier: MIT
 *
 * Connections to a node of a cluster, at whose address another one is. */
#include "base/clock.h"
#include "link_case.h"
#include "redis/redis_dialer.h"
#include "redis/redis_greeting.h"
#include "redis/redis_resolver.h"
#include "redis/redis_sessions.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/topologies.h"

#define TIMEOUT_MS   5000
#define WAIT_SECONDS 20
#define SLOT_LAST    16383
#define OTHER_ID     "0123456789abcdef0123456789abcdef01234567"

static struct redis_server *node; /* a cluster by itself */
static char id[REDIS_NODE_ID_BYTES];

static void found_cluster(void)
{
    (void)redis_server_command(node, "CLUSTER ADDSLOTSRANGE 0 %d", SLOT_LAST);
    WAIT_FOR (WAIT_SECONDS,
              strstr(redis_server_command(node, "CLUSTER INFO")->str, "cluster_state:ok") != NULL)
        ;
    (void)snprintf(id, sizeof(id), "%s", redis_server_command(node, "CLUSTER MYID")->str);
}

/* At the same address is another cluster from now on, and all its clients have to connect. */
static void set_up_anew(void)
{
    (void)redis_server_command(node, "FLUSHALL");
    (void)redis_server_command(node, "CLUSTER RESET HARD");
    (void)redis_server_command(node, "CLIENT KILL TYPE normal SKIPME yes");
    found_cluster();
}

static int start_node(void **state)
{
    if (redis_group_open(state) != 0)
        return -1;
    node = redis_server_start_node();
    found_cluster();
    (void)redis_server_command(node, "ACL SETUSER blind on >secret ~* +@all -cluster|myid");
    return 0;
}

static int stop_node(void **state)
{
    redis_server_stop(node);
    return redis_group_close(state);
}

static void write_url(const char *kind, const char *login, char url[static 64])
{
    (void)snprintf(url, 64, "%s://%s127.0.0.1:%d", kind, login, redis_server_port(node));
}

static bool session_works(const char *login, const char *expected_id, struct error *error)
{
    char url[64];
    write_url("redis", login, url);
    const struct redis_endpoint endpoint = endpoint_at(url);
    struct redis_access access = access_at(url);
    (void)snprintf(access.node_id, sizeof(access.node_id), "%s", expected_id);
    struct redis_dialer *dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    struct redis_session *session = redis_session_new(dialer, &endpoint, &access, TIMEOUT_MS);

    redisReply *reply = redis_session_command(session, error, 1, (const char *[]){"PING"}, NULL);
    const bool works = reply != NULL;

    freeReplyObject(reply);
    redis_session_free(session);
    redis_dialer_free(dialer);
    return works;
}

static void a_session_works_only_at_the_node_that_is_expected(void **state)
{
    struct error error = {0};
    (void)state;

    assert_true(session_works("", id, &error));
    assert_false(session_works("", OTHER_ID, &error));
    assert_string_equal(error.message, REDIS_GREETING_NO_NODE);
}

static void a_user_who_may_not_ask_for_the_id_believes_it(void **state)
{
    struct error error = {0};
    (void)state;

    assert_true(session_works("blind:secret@", OTHER_ID, &error));
}

/* How many connections the node has had that asked for its id. */
static long long askers(void)
{
    const char *calls =
        strstr(redis_server_command(node, "INFO commandstats")->str, "cluster|myid:calls=");

    return calls == NULL ? 0 : strtoll(calls + strlen("cluster|myid:calls="), NULL, 10);
}

static void a_link_is_ready_only_at_the_node_that_is_expected(void **state)
{
    struct redis_link_options options = {0};
    char url[64];
    (void)state;
    write_url("redis", "", url);
    options.endpoint = endpoint_at(url);
    options.access = access_at(url);
    struct redis_link *link = redis_link_new(link_base, &options);
    redis_link_expect(link, OTHER_ID);

    const long long before = askers();
    WAIT_FOR (WAIT_SECONDS, askers() >= before + 2)
        link_turn();
    assert_false(redis_link_is_ready(link));
    redis_link_expect(link, id);

    TURN_UNTIL(redis_link_is_ready(link));
    redis_link_free(link);
}

static bool ask(struct redis_sessions *sessions, struct error *error)
{
    redisReply *reply = redis_sessions_command(sessions, TEXT("key"), error, 2,
                                               (const char *[]){"GET", "key"}, NULL);

    freeReplyObject(reply);
    return reply != NULL;
}

/* As long as the map is that of the first cluster, nobody speaks to the second one. */
static void a_cluster_that_is_set_up_anew_is_spoken_to_when_the_map_says_so(void **state)
{
    struct redis_topology_options options = {.other_after_us = 1};
    struct error error = {0};
    char url[64];
    (void)state;
    write_url("redis-cluster", "", url);
    assert_true(redis_url_parse(text_of(url), &options.url, &error));
    struct redis_topology *topology = redis_topology_new(&options);
    struct redis_sessions *sessions = redis_sessions_new(topology, TIMEOUT_MS);
    assert_true(redis_topology_look(topology, &error));
    assert_true(ask(sessions, &error));

    set_up_anew();
    WAIT_FOR (WAIT_SECONDS,
              !ask(sessions, &error) && strstr(error.message, REDIS_GREETING_NO_NODE) != NULL)
        ;
    assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_NODE);
    redis_topology_start(topology);

    WAIT_FOR (WAIT_SECONDS, ask(sessions, &error))
        ;
    assert_true(redis_topology_stop(topology, clock_monotonic_us() + WAIT_SECONDS * SECOND_US));
    redis_sessions_free(sessions);
    redis_topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_works_only_at_the_node_that_is_expected),
        cmocka_unit_test(a_user_who_may_not_ask_for_the_id_believes_it),
        cmocka_unit_test_setup_teardown(a_link_is_ready_only_at_the_node_that_is_expected,
                                        link_new_base, link_free_base),
        cmocka_unit_test(a_cluster_that_is_set_up_anew_is_spoken_to_when_the_map_says_so),
    };
    return cmocka_run_group_tests(tests, start_node, stop_node);
}
