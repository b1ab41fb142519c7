/* SPDX-License-Identifier: MIT
 *
 * While commands are appended and not taken, the map stays, so that each reply is taken from the
 * node where its command went. */
#include "redis/redis_sessions.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "redis/redis_complaints.h"
#include "redis/redis_dialer.h"
#include "redis/redis_error.h"
#include "redis/redis_redirect.h"
#include "redis/redis_resolver.h"

#include <unistd.h>

#define HOPS_MAX   5
#define GUESTS_MAX 4
#define PAUSE_US   (10 * MILLISECOND_US)
#define NOBODY     "redis: no server is known that has the key"

struct node {
    struct redis_session *session; /* NULL: not asked yet */
    struct redis_endpoint endpoint;
    int64_t rests_until_us;
    struct error failure; /* why it rests */
    size_t pending;       /* commands that were appended and not taken */
    bool takes_part;      /* what is pending was given to the session */
    int64_t waited_us;    /* for what is pending, or for the last command */
};

struct command {
    int argc;
    const char **argv;
    const size_t *lengths;
};

struct redis_sessions {
    struct redis_topology *topology;
    int timeout_ms;
    struct redis_dialer *dialer;
    struct redis_map *map;
    uint64_t version;
    struct node *nodes;             /* by index in the map */
    struct node nobody;             /* has the slots that no node has; never takes part */
    struct node guests[GUESTS_MAX]; /* nodes that we were sent to, and that the map does not know */
    size_t guest_count;             /* ever; the oldest makes room */
    size_t pending;
    bool is_sent; /* what is pending */
    enum redis_session_fault fault;
    struct redis_complaints complaints;
};

static struct node *node_next(struct redis_sessions *sessions, struct text key,
                              const struct redis_redirect *redirect);
static struct node *node_of(struct redis_sessions *sessions, struct text key);
static struct node *node_at(struct redis_sessions *sessions, const struct redis_endpoint *endpoint);
static void map_refresh(struct redis_sessions *sessions);
static void sessions_close(struct redis_sessions *sessions);
static void node_close(struct node *node);
static bool node_is_ready(struct redis_sessions *sessions, struct node *node);
static redisReply *ask(struct redis_sessions *sessions, struct node *node, bool is_asking,
                       const struct command *command, struct error *error);
static redisReply *ask_ahead(struct redis_session *session, const struct command *command,
                             struct error *error);
static bool follow(struct redis_sessions *sessions, const struct node *node,
                   struct redis_redirect *redirect, int *hops, int64_t deadline_us);
static void send_all(struct redis_sessions *sessions);
static redisReply *take(struct redis_sessions *sessions, struct node *node, struct error *error);
static void judge(struct redis_sessions *sessions, struct node *node, struct error *error);
static void judge_node(struct redis_sessions *sessions, struct node *node, struct text code,
                       struct error *error);
static void name_node(const struct node *node, struct error *error);
static void say_it_is_a_cluster(struct redis_sessions *sessions, struct text code);
static void refuse(struct redis_sessions *sessions, const struct node *node, struct error *error);

struct redis_sessions *redis_sessions_new(struct redis_topology *topology, int timeout_ms)
{
    struct redis_sessions *sessions = MEMORY_NEW(struct redis_sessions);

    sessions->topology = topology;
    sessions->timeout_ms = timeout_ms;
    sessions->dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    sessions->version = redis_topology_version(topology) - 1;
    return sessions;
}

void redis_sessions_free(struct redis_sessions *sessions)
{
    if (sessions == NULL)
        return;
    sessions_close(sessions);
    redis_dialer_free(sessions->dialer);
    free(sessions);
}

redisReply *redis_sessions_command(struct redis_sessions *sessions, struct text key,
                                   struct error *error, int argc, const char *argv[],
                                   const size_t lengths[])
{
    const int64_t deadline_us = clock_monotonic_us() + sessions->timeout_ms * MILLISECOND_US;
    const struct command command = {argc, argv, lengths};
    struct redis_redirect redirect = {.kind = REDIS_NO_REDIRECT};
    redisReply *reply = NULL;
    struct node *node;
    int hops = 0;

    ASSERT(sessions->pending == 0);
    do {
        node = node_next(sessions, key, &redirect);
        if (!node_is_ready(sessions, node)) {
            refuse(sessions, node, error);
            return NULL;
        }
        reply = ask(sessions, node, redirect.kind == REDIS_ASK, &command, error);
    } while (reply == NULL && follow(sessions, node, &redirect, &hops, deadline_us));
    /* Nobody is known who would do better. */
    if (reply == NULL && sessions->fault == REDIS_SESSION_OF_PLACE)
        sessions->fault = REDIS_SESSION_OF_NODE;
    return reply;
}

void redis_sessions_append(struct redis_sessions *sessions, struct text key, int argc,
                           const char *argv[], const size_t lengths[])
{
    struct node *node = node_of(sessions, key);

    if (node->pending == 0) {
        node->takes_part = node_is_ready(sessions, node);
        node->waited_us = 0;
    }
    node->pending++;
    sessions->pending++;
    if (!node->takes_part)
        return;
    const int64_t began_us = clock_monotonic_us();
    redis_session_append(node->session, argc, argv, lengths);
    node->waited_us += clock_monotonic_us() - began_us;
}

redisReply *redis_sessions_take(struct redis_sessions *sessions, struct text key,
                                struct error *error)
{
    return take(sessions, node_of(sessions, key), error);
}

bool redis_sessions_flush(struct redis_sessions *sessions, struct error *error)
{
    enum redis_session_fault fault = sessions->fault;
    struct error further;
    bool succeeded = true;

    for (uint16_t i = 0; sessions->pending > 0; i++) {
        struct node *node = i < sessions->map->node_count ? &sessions->nodes[i] : &sessions->nobody;

        while (node->pending > 0) {
            redisReply *reply = take(sessions, node, succeeded ? error : &further);

            if (reply == NULL && succeeded)
                fault = sessions->fault;
            succeeded &= reply != NULL;
            freeReplyObject(reply);
        }
    }
    sessions->fault = fault;
    return succeeded;
}

enum redis_session_fault redis_sessions_fault(const struct redis_sessions *sessions)
{
    return sessions->fault;
}

static struct node *node_next(struct redis_sessions *sessions, struct text key,
                              const struct redis_redirect *redirect)
{
    if (redirect->kind == REDIS_MOVED || redirect->kind == REDIS_ASK)
        return node_at(sessions, &redirect->endpoint);
    return node_of(sessions, key);
}

static struct node *node_of(struct redis_sessions *sessions, struct text key)
{
    if (sessions->pending == 0 && sessions->version != redis_topology_version(sessions->topology))
        map_refresh(sessions);

    const uint16_t index = redis_map_find(sessions->map, key);

    return index == REDIS_NO_NODE ? &sessions->nobody : &sessions->nodes[index];
}

static struct node *node_at(struct redis_sessions *sessions, const struct redis_endpoint *endpoint)
{
    const uint16_t index = redis_map_find_endpoint(sessions->map, endpoint);

    if (index != REDIS_NO_NODE)
        return &sessions->nodes[index];
    for (size_t i = 0; i < GUESTS_MAX && i < sessions->guest_count; i++) {
        if (redis_endpoint_equal(&sessions->guests[i].endpoint, endpoint))
            return &sessions->guests[i];
    }
    struct node *guest = &sessions->guests[sessions->guest_count++ % GUESTS_MAX];

    node_close(guest);
    guest->endpoint = *endpoint;
    return guest;
}

/* Nodes that are still there keep their sessions. */
static void map_refresh(struct redis_sessions *sessions)
{
    const uint64_t version = redis_topology_version(sessions->topology);
    struct redis_map *map = redis_topology_map(sessions->topology);
    struct node *nodes = memory_new(map->node_count + 1U, sizeof(*nodes));

    for (uint16_t i = 0; i < map->node_count; i++) {
        const struct redis_endpoint *endpoint = &map->nodes[i].endpoint;
        const uint16_t before = sessions->map == NULL
                                    ? REDIS_NO_NODE
                                    : redis_map_find_endpoint(sessions->map, endpoint);

        if (before != REDIS_NO_NODE) {
            nodes[i] = sessions->nodes[before];
            sessions->nodes[before] = (struct node){0};
        }
        nodes[i].endpoint = *endpoint;
    }
    sessions_close(sessions);
    sessions->map = map;
    sessions->nodes = nodes;
    sessions->version = version;
}

static void sessions_close(struct redis_sessions *sessions)
{
    for (uint16_t i = 0; sessions->map != NULL && i < sessions->map->node_count; i++)
        node_close(&sessions->nodes[i]);
    for (size_t i = 0; i < GUESTS_MAX; i++)
        node_close(&sessions->guests[i]);
    sessions->guest_count = 0;
    free(sessions->nodes);
    redis_map_release(sessions->map);
    sessions->nodes = NULL;
    sessions->map = NULL;
}

static void node_close(struct node *node)
{
    redis_session_free(node->session);
    *node = (struct node){0};
}

/* False: it rests, or nobody has the slot. */
static bool node_is_ready(struct redis_sessions *sessions, struct node *node)
{
    if (node == &sessions->nobody || clock_monotonic_us() < node->rests_until_us)
        return false;
    if (node->session == NULL)
        node->session =
            redis_session_new(sessions->dialer, &node->endpoint,
                              redis_topology_access(sessions->topology), sessions->timeout_ms);
    return true;
}

/* `is_asking`: the node is about to get the key, and must be told that we know. */
static redisReply *ask(struct redis_sessions *sessions, struct node *node, bool is_asking,
                       const struct command *command, struct error *error)
{
    const int64_t began_us = clock_monotonic_us();
    redisReply *reply = is_asking ? ask_ahead(node->session, command, error)
                                  : redis_session_command(node->session, error, command->argc,
                                                          command->argv, command->lengths);

    node->waited_us = clock_monotonic_us() - began_us;
    if (reply == NULL)
        judge(sessions, node, error);
    return reply;
}

static redisReply *ask_ahead(struct redis_session *session, const struct command *command,
                             struct error *error)
{
    struct error ignored;

    redis_session_append(session, 1, (const char *[]){"ASKING"}, NULL);
    redis_session_append(session, command->argc, command->argv, command->lengths);
    freeReplyObject(redis_session_take(session, &ignored));
    return redis_session_take(session, error);
}

/* Whether to ask again, and where. Waits a little if it is to be the same node. */
static bool follow(struct redis_sessions *sessions, const struct node *node,
                   struct redis_redirect *redirect, int *hops, int64_t deadline_us)
{
    if (!sessions->map->is_sliced || clock_monotonic_us() >= deadline_us)
        return false;
    *redirect = redis_redirect_read(redis_session_refusal(node->session), &node->endpoint);
    switch (redirect->kind) {
    case REDIS_MOVED:
    case REDIS_ASK:
        return ++*hops <= HOPS_MAX;
    case REDIS_TRY_AGAIN:
    case REDIS_NOT_SERVED:
        (void)usleep(PAUSE_US);
        *hops = 0;
        return true;
    case REDIS_NO_REDIRECT:
        break;
    }
    return false;
}

/* A single server gets them when the first reply is read. */
static void send_all(struct redis_sessions *sessions)
{
    if (sessions->is_sent || !sessions->map->is_sliced)
        return;
    sessions->is_sent = true;
    for (uint16_t i = 0; i < sessions->map->node_count; i++) {
        struct node *node = &sessions->nodes[i];

        if (node->pending == 0 || !node->takes_part)
            continue;
        const int64_t began_us = clock_monotonic_us();
        redis_session_send(node->session);
        node->waited_us += clock_monotonic_us() - began_us;
    }
}

static redisReply *take(struct redis_sessions *sessions, struct node *node, struct error *error)
{
    ASSERT(node->pending > 0 && sessions->pending > 0);
    send_all(sessions);
    node->pending--;
    sessions->pending--;
    sessions->is_sent = sessions->is_sent && sessions->pending > 0;
    if (!node->takes_part) {
        refuse(sessions, node, error);
        return NULL;
    }
    const int64_t began_us = clock_monotonic_us();
    redisReply *reply = redis_session_take(node->session, error);
    node->waited_us += clock_monotonic_us() - began_us;
    if (reply == NULL)
        judge(sessions, node, error);
    return reply;
}

/* What a failure means for the caller, and for the topology. */
static void judge(struct redis_sessions *sessions, struct node *node, struct error *error)
{
    const struct text refusal = redis_session_refusal(node->session);
    const struct text code = text_is_absent(refusal) ? TEXT("") : redis_error_code(refusal);

    sessions->fault = redis_session_fault(node->session);
    if (sessions->map->is_sliced) {
        judge_node(sessions, node, code, error);
        return;
    }
    say_it_is_a_cluster(sessions, code);
    if (sessions->fault == REDIS_SESSION_OF_PLACE)
        sessions->fault =
            text_equal(code, TEXT("CLUSTERDOWN")) ? REDIS_SESSION_OF_REDIS : REDIS_SESSION_OF_CALL;
    if (sessions->fault == REDIS_SESSION_OF_REDIS &&
        (code.length == 0 || text_equal(code, TEXT("READONLY"))))
        redis_topology_doubt(sessions->topology, "the server is lost, or takes no writes");
}

/* A node that refuses at once costs no time, so it need not rest. */
static void judge_node(struct redis_sessions *sessions, struct node *node, struct text code,
                       struct error *error)
{
    if (text_equal(code, TEXT("MOVED")))
        redis_topology_doubt(sessions->topology, "another server has the key");
    if (sessions->fault != REDIS_SESSION_OF_REDIS)
        return;
    sessions->fault = REDIS_SESSION_OF_NODE;
    name_node(node, error);
    if (code.length > 0)
        return;
    node->failure = *error;
    node->rests_until_us = clock_monotonic_us() + 2 * node->waited_us;
    redis_topology_doubt(sessions->topology, "a server does not answer");
}

/* A failed connect has named it already. */
static void name_node(const struct node *node, struct error *error)
{
    const struct error cause = *error;
    char where[REDIS_ENDPOINT_BYTES];

    redis_endpoint_write(&node->endpoint, where);
    if (strstr(cause.message, where) == NULL)
        (void)error_set(error, "%s: %s", where, cause.message);
}

static void say_it_is_a_cluster(struct redis_sessions *sessions, struct text code)
{
    static const char *const signs[] = {"ASK", "CLUSTERDOWN", "CROSSSLOT", "MOVED", "TRYAGAIN"};

    for (size_t i = 0; i < ARRAY_COUNT(signs); i++) {
        if (text_equal(code, text_of(signs[i])) &&
            redis_complaints_allow(&sessions->complaints, "cluster", clock_monotonic_us()))
            log_write(LOG_WARN, "redis is a cluster", LOG_STRING("answer", signs[i]),
                      LOG_STRING("cure", "redis-cluster:// at the start of its URL"));
    }
}

/* For a node that is not asked. */
static void refuse(struct redis_sessions *sessions, const struct node *node, struct error *error)
{
    if (node != &sessions->nobody) {
        sessions->fault = REDIS_SESSION_OF_NODE;
        *error = node->failure;
        return;
    }
    sessions->fault =
        sessions->map->node_count == 0 ? REDIS_SESSION_OF_REDIS : REDIS_SESSION_OF_NODE;
    (void)error_set(error, NOBODY);
    redis_topology_doubt(sessions->topology, "no server is known that has a key");
}
