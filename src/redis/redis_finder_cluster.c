/* SPDX-License-Identifier: MIT
 *
 * The nodes of a cluster are asked one after the other, until one answers well. In which order is
 * said in redis_node_list.h.
 *
 * The address of a node may have passed to another cluster, and so may one of the URL. So a map is
 * ours only if it names a node that the last one has named. Another one is taken only if nobody of
 * ours has answered for long. */
#include "redis_finder.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "redis/redis_error.h"
#include "redis_node_ids.h"
#include "redis_node_list.h"
#include "redis_slots.h"

/* So many flawed answers of one look are believed: if a large cluster is down, each of its nodes
 * says so. */
#define FLAWED_MAX 5

/* How often the log has it while another cluster answers. */
#define TELL_EVERY_US  (60 * SECOND_US)
#define OTHER_AFTER_US (60 * SECOND_US)

struct redis_finder {
    const struct redis_topology_options *options;
    const struct redis_access *access;
    struct redis_dialer *dialer;
    struct redis_node_list list;
    struct redis_node_ids ids; /* of the last map's cluster */
    uint64_t epoch;            /* likewise */
    int64_t until_us;          /* when the look ends */
    int64_t told_us;           /* when the log had another cluster; 0: never */
    int64_t others_since_us;   /* since when only others answer; 0: they do not */
};

/* What one node said. */
struct answer {
    struct redis_endpoint node;
    struct redis_map *map; /* NULL: nothing of use */
    redisReply *said;      /* from which the map was read */
    uint64_t epoch;
    bool is_ok; /* the node finds that its cluster works */
};

/* What the nodes have said in one look. */
struct look {
    bool has_found;
    int flawed;
    struct answer best;
    struct answer other; /* of another cluster: the first one */
};

static struct answer ask(const struct redis_finder *finder, const struct redis_endpoint *node,
                         struct error *error);
static void ask_session(const struct redis_finder *finder, struct redis_session *session,
                        struct answer *answer, struct error *error);
static void read_state(const redisReply *info, struct answer *answer);
static redisReply *run(struct redis_session *session, const char *word, struct error *error);
static enum redis_standing weigh_give(struct redis_finder *finder, struct look *look,
                                      struct answer *answer);
static bool is_of_ours(const struct redis_finder *finder, const struct answer *answer);
static void replace_give(struct answer *answer, const struct answer *by);
static void tell_other(struct redis_finder *finder, const struct redis_endpoint *node,
                       const char *event);
static void consider_other(struct redis_finder *finder, struct look *look, struct error *error);
static void keep(struct redis_finder *finder, const struct answer *answer);

static struct redis_finder *cluster_new(const struct redis_topology_options *options,
                                        const struct redis_access *access,
                                        struct redis_dialer *dialer)
{
    struct redis_finder *finder = MEMORY_NEW(struct redis_finder);

    finder->options = options;
    finder->access = access;
    finder->dialer = dialer;
    redis_node_list_init(&finder->list, &options->url);
    return finder;
}

static struct redis_map *cluster_look(struct redis_finder *finder, struct error *error)
{
    struct redis_node_list *list = &finder->list;
    struct look look = {0};

    finder->until_us = clock_monotonic_us() + REDIS_FINDER_LOOK_US;
    for (size_t i = 0; i < list->count && !look.has_found && look.flawed < FLAWED_MAX; i++) {
        struct answer answer = ask(finder, &list->nodes[i].endpoint, error);

        redis_node_list_note(list, i, weigh_give(finder, &look, &answer));
        if (clock_monotonic_us() >= finder->until_us)
            break;
    }
    if (look.best.map == NULL && look.other.map != NULL)
        consider_other(finder, &look, error);
    keep(finder, &look.best);

    struct redis_map *map = look.best.map == NULL ? NULL : redis_map_keep(look.best.map);
    replace_give(&look.best, NULL);
    replace_give(&look.other, NULL);
    return map;
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
    /* If the node may not say how it is, it counts as well. */
    struct answer answer = {.node = *node, .is_ok = true, .epoch = finder->epoch};
    struct redis_session *session =
        redis_finder_session(finder->dialer, node, finder->access, finder->until_us);

    ask_session(finder, session, &answer, error);
    redis_session_free(session);
    return answer;
}

/* Redis before 7 has no SHARDS, and an ACL may grant SLOTS alone. A node that keeps us waiting is
 * asked nothing more. */
static void ask_session(const struct redis_finder *finder, struct redis_session *session,
                        struct answer *answer, struct error *error)
{
    const bool has_tls = finder->access->tls != NULL;
    struct error ignored;

    answer->said = run(session, "SHARDS", error);
    if (answer->said != NULL) {
        answer->map = redis_slots_read_shards(answer->said, &answer->node, has_tls, error);
    } else if (strstr(error->message, REDIS_ERROR_NO_CLUSTER) != NULL) {
        char where[REDIS_ENDPOINT_BYTES];

        redis_endpoint_write(&answer->node, where);
        error_set(error, "redis at %s is in no cluster: its URL must begin with %s://", where,
                  has_tls ? "rediss" : "redis");
    } else if (!redis_session_is_silent(session)) {
        answer->said = run(session, "SLOTS", error);
        if (answer->said != NULL)
            answer->map = redis_slots_read_ranges(answer->said, &answer->node, error);
    }
    if (answer->map != NULL) {
        redisReply *info = run(session, "INFO", &ignored);

        read_state(info, answer);
        freeReplyObject(info);
    }
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

/* A node that is cut off from most masters, or that has not heard of the last change, answers as
 * well. So the first answer without such a flaw is taken, or else the first of a few. */
static enum redis_standing weigh_give(struct redis_finder *finder, struct look *look,
                                      struct answer *answer)
{
    if (answer->map == NULL) {
        replace_give(answer, NULL);
        return REDIS_NODE_FAILED;
    }
    if (!is_of_ours(finder, answer)) {
        tell_other(finder, &answer->node, "redis is another cluster");
        if (look->other.map == NULL)
            replace_give(&look->other, answer);
        else
            replace_give(answer, NULL);
        return REDIS_NODE_FAILED;
    }
    look->has_found = answer->is_ok && answer->epoch >= finder->epoch;
    look->flawed++;
    if (look->has_found || look->best.map == NULL)
        replace_give(&look->best, answer);
    else
        replace_give(answer, NULL);
    return look->has_found ? REDIS_NODE_HOPEFUL : REDIS_NODE_FLAWED;
}

/* A cluster may change all of its masters between two looks, but not all of its nodes. */
static bool is_of_ours(const struct redis_finder *finder, const struct answer *answer)
{
    return finder->ids.count == 0 || redis_node_ids_meet(&finder->ids, answer->said);
}

/* NULL: by nothing. */
static void replace_give(struct answer *answer, const struct answer *by)
{
    redis_map_release(answer->map);
    freeReplyObject(answer->said);
    *answer = by == NULL ? (struct answer){0} : *by;
}

static void tell_other(struct redis_finder *finder, const struct redis_endpoint *node,
                       const char *event)
{
    const int64_t now_us = clock_monotonic_us();
    char where[REDIS_ENDPOINT_BYTES];

    if (finder->told_us != 0 && now_us - finder->told_us < TELL_EVERY_US)
        return;
    finder->told_us = now_us;
    redis_endpoint_write(node, where);
    log_write(LOG_WARN, event, LOG_STRING("redis", where));
}

/* If a whole cluster is set up anew, none of its nodes has an id that we know. */
static void consider_other(struct redis_finder *finder, struct look *look, struct error *error)
{
    const int64_t now_us = clock_monotonic_us();
    const int64_t after_us = finder->options->other_after_us;
    char where[REDIS_ENDPOINT_BYTES];

    if (finder->others_since_us == 0)
        finder->others_since_us = now_us;
    if (now_us - finder->others_since_us < (after_us == 0 ? OTHER_AFTER_US : after_us)) {
        redis_endpoint_write(&look->other.node, where);
        error_set(error, "redis at %s is another cluster", where);
        return;
    }
    finder->told_us = 0;
    tell_other(finder, &look->other.node, "redis is another cluster from now on");
    replace_give(&look->best, &look->other);
    look->other = (struct answer){0};
}

static void keep(struct redis_finder *finder, const struct answer *answer)
{
    if (answer->map != NULL) {
        redis_node_list_learn(&finder->list, answer->map);
        redis_node_ids_take(&finder->ids, answer->said);
        finder->epoch = answer->epoch;
        finder->others_since_us = 0;
    }
    redis_node_list_sort(&finder->list);
}
