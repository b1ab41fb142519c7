/* SPDX-License-Identifier: MIT
 *
 * The nodes of a cluster are asked one after the other, until one answers well. In which order is
 * said in redis_node_list.h. */
#include "redis_finder.h"

#include "base/clock.h"
#include "base/memory.h"
#include "redis_node_list.h"
#include "redis_slots.h"

/* So many flawed answers of one look are believed: if a large cluster is down, each of its nodes
 * says so. */
#define FLAWED_MAX 5

/* What Redis says of any command of a cluster if it is in none. */
#define IS_NO_CLUSTER "cluster support disabled"

struct redis_finder {
    const struct redis_access *access;
    struct redis_dialer *dialer;
    struct redis_node_list list;
    uint64_t epoch;   /* of the cluster that the last map is of */
    int64_t until_us; /* when the look ends */
};

/* What one node said. */
struct answer {
    struct redis_map *map; /* NULL: nothing of use */
    uint64_t epoch;
    bool is_ok; /* the node finds that its cluster works */
};

static struct answer ask(const struct redis_finder *finder, const struct redis_endpoint *node,
                         struct error *error);
static struct answer ask_session(const struct redis_finder *finder, struct redis_session *session,
                                 const struct redis_endpoint *node, struct error *error);
static void read_state(const redisReply *info, struct answer *answer);
static redisReply *run(struct redis_session *session, const char *word, struct error *error);
static enum redis_standing standing_after(const struct answer *answer, bool has_found);
static void keep(struct redis_finder *finder, const struct answer *answer);

static struct redis_finder *cluster_new(const struct redis_topology_options *options,
                                        const struct redis_access *access,
                                        struct redis_dialer *dialer)
{
    struct redis_finder *finder = MEMORY_NEW(struct redis_finder);

    finder->access = access;
    finder->dialer = dialer;
    redis_node_list_init(&finder->list, &options->url);
    return finder;
}

/* A node that is cut off from most masters, or that has not heard of the last change, answers as
 * well. So the first answer without such a flaw is taken, or else the first of a few. */
static struct redis_map *cluster_look(struct redis_finder *finder, struct error *error)
{
    struct redis_node_list *list = &finder->list;
    struct answer best = {0};
    bool has_found = false;
    int flawed = 0;

    finder->until_us = clock_monotonic_us() + REDIS_FINDER_LOOK_US;
    for (size_t i = 0; i < list->count && !has_found && flawed < FLAWED_MAX; i++) {
        struct answer answer = ask(finder, &list->nodes[i].endpoint, error);

        has_found = answer.map != NULL && answer.is_ok && answer.epoch >= finder->epoch;
        redis_node_list_note(list, i, standing_after(&answer, has_found));
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
    keep(finder, &best);
    return best.map;
}

static void cluster_free(struct redis_finder *finder)
{
    free(finder);
}

const struct redis_finder_kind redis_finder_cluster = {
    .new = cluster_new,
    .look = cluster_look,
    .wait = redis_finder_wait,
    .free = cluster_free,
};

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

static enum redis_standing standing_after(const struct answer *answer, bool has_found)
{
    if (has_found)
        return REDIS_NODE_HOPEFUL;
    return answer->map != NULL ? REDIS_NODE_FLAWED : REDIS_NODE_FAILED;
}

static void keep(struct redis_finder *finder, const struct answer *answer)
{
    if (answer->map != NULL) {
        redis_node_list_learn(&finder->list, answer->map);
        finder->epoch = answer->epoch;
    }
    redis_node_list_sort(&finder->list);
}
