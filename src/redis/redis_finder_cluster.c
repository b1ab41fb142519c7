/* SPDX-License-Identifier: MIT
 *
 * The nodes of a cluster are asked in turn: those that had slots last, then those of the URL. Each
 * look begins at another one, so that no node has to answer all, and nodes that are gone are soon
 * behind it. */
#include "redis_finder.h"

#include "base/clock.h"
#include "base/memory.h"
#include "redis_slots.h"

/* So many flawed answers of one look are believed: if a large cluster is down, each of its nodes
 * says so. */
#define FLAWED_MAX 5

/* What Redis says of any command of a cluster if it is in none. */
#define IS_NO_CLUSTER "cluster support disabled"

struct redis_finder {
    const struct redis_url *url;
    const struct redis_access *access;
    struct redis_dialer *dialer;
    struct redis_map *known; /* the last map; NULL before */
    uint64_t epoch;          /* of that map's cluster */
    size_t next;             /* who is asked next */
    int64_t until_us;        /* when the look ends */
};

/* What one node said. */
struct answer {
    struct redis_map *map; /* NULL: nothing of use */
    uint64_t epoch;
    bool is_ok; /* the node finds that its cluster works */
};

static size_t count_nodes(const struct redis_finder *finder);
static const struct redis_endpoint *node_at(const struct redis_finder *finder, size_t index);
static struct answer ask(const struct redis_finder *finder, const struct redis_endpoint *node,
                         struct error *error);
static struct answer ask_session(const struct redis_finder *finder, struct redis_session *session,
                                 const struct redis_endpoint *node, struct error *error);
static void read_state(const redisReply *info, struct answer *answer);
static redisReply *run(struct redis_session *session, const char *word, struct error *error);
static void keep(struct redis_finder *finder, const struct answer *answer, size_t next);

static struct redis_finder *cluster_new(const struct redis_topology_options *options,
                                        const struct redis_access *access,
                                        struct redis_dialer *dialer)
{
    struct redis_finder *finder = MEMORY_NEW(struct redis_finder);

    finder->url = &options->url;
    finder->access = access;
    finder->dialer = dialer;
    return finder;
}

/* A node that is cut off from most masters, or that has not heard of the last change, answers as
 * well. So the first answer without such a flaw is taken, or else the first of a few. */
static struct redis_map *cluster_look(struct redis_finder *finder, struct error *error)
{
    const size_t count = count_nodes(finder);
    struct answer best = {0};
    bool has_found = false;
    size_t index = finder->next;
    int flawed = 0;

    finder->until_us = clock_monotonic_us() + REDIS_FINDER_LOOK_US;
    for (size_t i = 0; i < count && !has_found && flawed < FLAWED_MAX; i++) {
        struct answer answer = ask(finder, node_at(finder, index % count), error);

        index = (index + 1) % count;
        has_found = answer.map != NULL && answer.is_ok && answer.epoch >= finder->epoch;
        flawed += answer.map != NULL;
        if (has_found || best.map == NULL) {
            redis_map_release(best.map);
            best = answer;
        } else {
            redis_map_release(answer.map);
        }
        if (clock_monotonic_us() >= finder->until_us)
            break;
    }
    keep(finder, &best, index);
    return best.map;
}

static void cluster_free(struct redis_finder *finder)
{
    redis_map_release(finder->known);
    free(finder);
}

const struct redis_finder_kind redis_finder_cluster = {
    .new = cluster_new,
    .look = cluster_look,
    .wait = redis_finder_wait,
    .free = cluster_free,
};

static size_t count_nodes(const struct redis_finder *finder)
{
    return (finder->known == NULL ? 0 : finder->known->node_count) + finder->url->host_count;
}

static const struct redis_endpoint *node_at(const struct redis_finder *finder, size_t index)
{
    const size_t known_count = finder->known == NULL ? 0 : finder->known->node_count;

    if (index < known_count)
        return &finder->known->nodes[index].endpoint;
    return &finder->url->hosts[index - known_count];
}

static struct answer ask(const struct redis_finder *finder, const struct redis_endpoint *node,
                         struct error *error)
{
    struct redis_session *session =
        redis_finder_session(finder->dialer, node, finder->access, finder->until_us);
    const struct answer answer = ask_session(finder, session, node, error);

    redis_session_free(session);
    return answer;
}

/* Redis before 7 has no SHARDS, and an ACL may grant SLOTS alone. A node that keeps us waiting is
 * asked nothing more. */
static struct answer ask_session(const struct redis_finder *finder, struct redis_session *session,
                                 const struct redis_endpoint *node, struct error *error)
{
    /* If the node may not say how it is, it counts as well. */
    struct answer answer = {.is_ok = true, .epoch = finder->epoch};
    struct error ignored;
    redisReply *shards = run(session, "SHARDS", error);
    redisReply *ranges = NULL;

    if (shards != NULL) {
        answer.map = redis_slots_read_shards(shards, node, finder->access->tls != NULL, error);
    } else if (strstr(error->message, IS_NO_CLUSTER) != NULL) {
        char where[REDIS_ENDPOINT_BYTES];

        redis_endpoint_write(node, where);
        error_set(error, "redis at %s is in no cluster: its URL must begin with %s://", where,
                  finder->access->tls != NULL ? "rediss" : "redis");
    } else if (!redis_session_is_silent(session)) {
        ranges = run(session, "SLOTS", error);
        if (ranges != NULL)
            answer.map = redis_slots_read_ranges(ranges, node, error);
    }
    if (answer.map != NULL) {
        redisReply *info = run(session, "INFO", &ignored);

        read_state(info, &answer);
        freeReplyObject(info);
    }
    freeReplyObject(shards);
    freeReplyObject(ranges);
    return answer;
}

/* Lines like "cluster_state:ok". */
static void read_state(const redisReply *info, struct answer *answer)
{
    if (info == NULL || info->type != REDIS_REPLY_STRING)
        return;

    struct text rest = {info->str, info->len};

    while (!text_is_absent(rest)) {
        struct text value = text_cut(&rest, '\n');
        const struct text name = text_cut(&value, ':');
        int64_t epoch;

        if (value.length > 0 && value.at[value.length - 1] == '\r')
            value.length--;
        if (text_equal(name, TEXT("cluster_state")))
            answer->is_ok = text_equal(value, TEXT("ok"));
        if (text_equal(name, TEXT("cluster_current_epoch")) && text_parse_integer(value, &epoch) &&
            epoch >= 0)
            answer->epoch = (uint64_t)epoch;
    }
}

static redisReply *run(struct redis_session *session, const char *word, struct error *error)
{
    const char *argv[] = {"CLUSTER", word};
    const size_t lengths[] = {strlen("CLUSTER"), strlen(word)};

    return redis_session_command(session, error, ARRAY_COUNT(argv), argv, lengths);
}

/* A look that found nothing goes on where it ended. Otherwise the next one begins at a node that
 * has slots. */
static void keep(struct redis_finder *finder, const struct answer *answer, size_t next)
{
    finder->next = next;
    if (answer->map == NULL)
        return;
    redis_map_release(finder->known);
    finder->known = redis_map_keep(answer->map);
    finder->epoch = answer->epoch;
    finder->next = next % answer->map->node_count;
}
