/* SPDX-License-Identifier: MIT
 *
 * While commands are appended and not taken, the map stays, so that each reply is taken from the
 * node where its command went. */
#include "redis/redis_sessions.h"

#include "base/memory.h"
#include "redis/redis_dialer.h"
#include "redis/redis_resolver.h"

#define NOBODY "redis: no server is known that has the key"

struct redis_sessions {
    struct redis_topology *topology;
    int timeout_ms;
    struct redis_dialer *dialer;
    struct redis_map *map;
    uint64_t version;
    struct redis_session **of_node; /* by index in the map; NULL: not asked yet */
    size_t pending;
    enum redis_session_fault fault;
};

static struct redis_session *session_of(struct redis_sessions *sessions, struct text key);
static void map_refresh(struct redis_sessions *sessions);
static void sessions_close(struct redis_sessions *sessions);
static void fail(struct redis_sessions *sessions, struct error *error);

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
    struct redis_session *session = session_of(sessions, key);

    ASSERT(sessions->pending == 0);
    if (session == NULL) {
        fail(sessions, error);
        return NULL;
    }
    redisReply *reply = redis_session_command(session, error, argc, argv, lengths);
    sessions->fault = redis_session_fault(session);
    return reply;
}

void redis_sessions_append(struct redis_sessions *sessions, struct text key, int argc,
                           const char *argv[], const size_t lengths[])
{
    struct redis_session *session = session_of(sessions, key);

    sessions->pending++;
    if (session != NULL)
        redis_session_append(session, argc, argv, lengths);
}

redisReply *redis_sessions_take(struct redis_sessions *sessions, struct text key,
                                struct error *error)
{
    struct redis_session *session = session_of(sessions, key);

    ASSERT(sessions->pending > 0);
    sessions->pending--;
    if (session == NULL) {
        fail(sessions, error);
        return NULL;
    }
    redisReply *reply = redis_session_take(session, error);
    sessions->fault = redis_session_fault(session);
    return reply;
}

bool redis_sessions_flush(struct redis_sessions *sessions, struct error *error)
{
    bool succeeded = true;

    for (uint16_t i = 0; sessions->map != NULL && i < sessions->map->node_count; i++) {
        struct error further;

        if (sessions->of_node[i] == NULL ||
            redis_session_flush(sessions->of_node[i], succeeded ? error : &further))
            continue;
        if (succeeded)
            sessions->fault = redis_session_fault(sessions->of_node[i]);
        succeeded = false;
    }
    sessions->pending = 0;
    return succeeded;
}

enum redis_session_fault redis_sessions_fault(const struct redis_sessions *sessions)
{
    return sessions->fault;
}

/* NULL when no node has the key. */
static struct redis_session *session_of(struct redis_sessions *sessions, struct text key)
{
    if (sessions->pending == 0 && sessions->version != redis_topology_version(sessions->topology))
        map_refresh(sessions);

    const uint16_t index = redis_map_find(sessions->map, key);

    if (index == REDIS_NO_NODE)
        return NULL;
    if (sessions->of_node[index] == NULL)
        sessions->of_node[index] =
            redis_session_new(sessions->dialer, &sessions->map->nodes[index].endpoint,
                              redis_topology_access(sessions->topology), sessions->timeout_ms);
    return sessions->of_node[index];
}

/* Sessions with nodes that are still there stay. */
static void map_refresh(struct redis_sessions *sessions)
{
    const uint64_t version = redis_topology_version(sessions->topology);
    struct redis_map *map = redis_topology_map(sessions->topology);
    struct redis_session **of_node = memory_new(map->node_count + 1U, sizeof(*of_node));

    for (uint16_t i = 0; i < map->node_count && sessions->map != NULL; i++) {
        const uint16_t before = redis_map_find_endpoint(sessions->map, &map->nodes[i].endpoint);

        if (before == REDIS_NO_NODE)
            continue;
        of_node[i] = sessions->of_node[before];
        sessions->of_node[before] = NULL;
    }
    sessions_close(sessions);
    sessions->map = map;
    sessions->of_node = of_node;
    sessions->version = version;
}

static void sessions_close(struct redis_sessions *sessions)
{
    for (uint16_t i = 0; sessions->map != NULL && i < sessions->map->node_count; i++)
        redis_session_free(sessions->of_node[i]);
    free(sessions->of_node);
    redis_map_release(sessions->map);
    sessions->of_node = NULL;
    sessions->map = NULL;
}

static void fail(struct redis_sessions *sessions, struct error *error)
{
    sessions->fault = REDIS_SESSION_OF_REDIS;
    (void)error_set(error, NOBODY);
}
