/* SPDX-License-Identifier: MIT */
#include "redis_changes.h"

#include "redis_app.h"
#include "redis_call.h"

#include <float.h>
#include <math.h>

#define CHANGES_MAX 1000 /* apps in one reply */
#define PREFIX      REDIS_CALL_PREFIX

#define SCORE_BYTES 40 /* for a bound as Redis writes and reads it */

/* KEYS: apps; ARGV: after which score, how many. A name longer than any id is cut, because it is
 * damaged anyway and a reply is bounded. */
static const char changes_script[] = REDIS_CALL_CLOCK
    "local list = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf', 'WITHSCORES',\n"
    "                        'LIMIT', '0', ARGV[2])\n"
    "for i = 1, #list, 2 do list[i] = string.sub(list[i], 1, 64) end\n"
    "return {clock, list}\n";

/* A walk through the list of apps by score: what was asked for, and how far it has come. */
struct walk {
    struct catalogue_redis *redis;
    const int64_t since;
    int64_t *revision;
    void *context;
    catalogue_visit_fn *visit;
    double place; /* the score of the last entry */
    char after[SCORE_BYTES];
    bool is_over;
};

static enum catalogue_status page(struct walk *walk, struct error *error);
static enum catalogue_status page_read(struct walk *walk, const redisReply *reply,
                                       struct error *error);
static bool bounds_read(struct walk *walk, int64_t *forgotten, int64_t *explained,
                        struct error *error);
static double place_of(const redisReply *score);
static bool is_ahead(double place, int64_t explained);
static enum catalogue_status entry_read(struct walk *walk, const redisReply *id,
                                        const redisReply *score, int64_t explained,
                                        struct error *error);
static enum catalogue_status change(const struct walk *walk, const redisReply *id, int64_t revision,
                                    struct error *error);

/* Page by page, because a reply is bounded. No two apps have the same revision. */
enum catalogue_status redis_changes(struct catalogue_backend *backend, int64_t *revision,
                                    void *context, catalogue_visit_fn *visit, struct error *error)
{
    struct walk walk = {.redis = redis_call_backend(backend),
                        .since = *revision,
                        .revision = revision,
                        .context = context,
                        .visit = visit,
                        .place = *revision == 0 ? -HUGE_VAL : (double)*revision,
                        .after = "-inf"};
    enum catalogue_status status = CATALOGUE_OK;

    if (*revision != 0)
        (void)snprintf(walk.after, sizeof(walk.after), "(%lld", (long long)*revision);
    while (status == CATALOGUE_OK && !walk.is_over)
        status = page(&walk, error);
    return status;
}

static enum catalogue_status page(struct walk *walk, struct error *error)
{
    const double asked_after = walk->place;
    char count_max[TEXT_INTEGER_BYTES_MAX];
    const struct text words[] = {
        TEXT("EVAL"),        TEXT(changes_script), TEXT("1"),
        TEXT(PREFIX "apps"), text_of(walk->after), text_write_integer(CHANGES_MAX, count_max)};
    redisReply *reply = redis_call(walk->redis, words, ARRAY_COUNT(words), error);

    if (reply == NULL && redis_call_failure(error) == CATALOGUE_DAMAGED)
        (void)error_set(error, "redis: " PREFIX "apps is no sorted set");
    if (reply == NULL)
        return CATALOGUE_UNAVAILABLE;
    enum catalogue_status status = page_read(walk, reply, error);
    freeReplyObject(reply);
    walk->is_over |= !(walk->place > asked_after);
    return status;
}

static enum catalogue_status page_read(struct walk *walk, const redisReply *reply,
                                       struct error *error)
{
    enum catalogue_status status = CATALOGUE_OK;
    int64_t forgotten = 0;

    if (!redis_call_is_array(reply, 2) || reply->element[1]->type != REDIS_REPLY_ARRAY) {
        (void)error_set(error, "redis: not the answer of the script");
        return CATALOGUE_UNAVAILABLE;
    }
    const redisReply *list = reply->element[1];
    int64_t explained = redis_call_integer(reply->element[0]);
    walk->is_over = list->elements != (size_t)2 * CHANGES_MAX;
    if (list->elements < 2)
        return CATALOGUE_OK;
    if (!bounds_read(walk, &forgotten, &explained, error))
        return CATALOGUE_UNAVAILABLE;
    if (walk->since > 0 && walk->since < forgotten &&
        !is_ahead(place_of(list->element[1]), explained))
        return CATALOGUE_ABSENT;
    for (size_t i = 0; status == CATALOGUE_OK && i + 1 < list->elements; i += 2)
        status = entry_read(walk, list->element[i], list->element[i + 1], explained, error);
    return status;
}

/* Each by itself, because there may be none, and after the list: what is gone from it is forgotten
 * by then, and no entry is newer than the last revision. `forgotten` counts only if something is
 * newer than what was seen, because otherwise a damaged one would have all read again and again. */
static bool bounds_read(struct walk *walk, int64_t *forgotten, int64_t *explained,
                        struct error *error)
{
    const struct redis_call_question questions[] = {redis_call_value_of(PREFIX "forgotten"),
                                                    redis_call_last_revision()};
    redisReply *replies[ARRAY_COUNT(questions)];

    if (!redis_call_ask(walk->redis, questions, ARRAY_COUNT(questions), replies, error))
        return false;
    *forgotten = redis_call_revision(replies[0]);
    const int64_t last = redis_call_revision(replies[1]);
    if (last > *explained)
        *explained = last;
    redis_call_free(replies, ARRAY_COUNT(questions));
    return true;
}

static double place_of(const redisReply *score)
{
    const struct text text = redis_call_text(score);

    return text_is_absent(text) ? HUGE_VAL : strtod(text.at, NULL);
}

static bool is_ahead(double place, int64_t explained)
{
    return !(place <= (double)explained && place < (double)CATALOGUE_REVISION_MAX);
}

/* The next page begins after this entry, whatever it is, unless it and all after it are greater
 * than every revision. An entry that is no revision is skipped, because later revisions are
 * greater. */
static enum catalogue_status entry_read(struct walk *walk, const redisReply *id,
                                        const redisReply *score, int64_t explained,
                                        struct error *error)
{
    const struct text text = redis_call_text(score);
    const double place = place_of(score);
    const bool is_later = is_ahead(place, explained);
    const int64_t newer = is_later || place < 0 ? 0 : (int64_t)place;

    if (is_later) {
        walk->is_over = true;
    } else {
        walk->place = fmax(place, -DBL_MAX); /* after the place where the first page began */
        (void)snprintf(walk->after, sizeof(walk->after), "(%.*s", TEXT_PRINTF(text));
    }
    if (is_later || (double)newer < place || newer <= *walk->revision) {
        damages_tell(&walk->redis->damages, redis_call_text(id),
                     "redis: its revision in the list of apps is damaged");
    } else {
        enum catalogue_status status = change(walk, id, newer, error);
        if (status != CATALOGUE_OK)
            return status;
    }
    if (newer > *walk->revision)
        *walk->revision = newer;
    return CATALOGUE_OK;
}

/* An app that changes in between is loaded in its new state, and comes again with its new
 * revision. */
static enum catalogue_status change(const struct walk *walk, const redisReply *id, int64_t revision,
                                    struct error *error)
{
    char app_id[APP_ID_BYTES + 1];
    struct app *app = NULL;

    if (!app_id_read(redis_call_text(id), app_id)) {
        damages_tell(&walk->redis->damages, redis_call_text(id), "redis: this is no id of an app");
        return CATALOGUE_OK;
    }
    const enum catalogue_status status = redis_app_load(walk->redis, app_id, &app, error);
    if (status == CATALOGUE_OK)
        walk->visit(walk->context, app);
    if (status == CATALOGUE_ABSENT)
        walk->visit(walk->context, app_new_deleted(app_id, revision));
    if (status == CATALOGUE_DAMAGED)
        walk->visit(walk->context, app_new_damaged(app_id, revision));
    return status == CATALOGUE_UNAVAILABLE ? status : CATALOGUE_OK;
}
