/* SPDX-License-Identifier: MIT */
#include "redis_changes.h"

#include "redis_app.h"
#include "redis_call.h"

#define CHANGES_MAX 1000 /* that one reply lists */
#define PREFIX      REDIS_CALL_PREFIX

/* KEYS: revision, apps, forgotten; ARGV: after which revision, how many. What was forgotten is older
 * than the newest in the list: otherwise all would be read again and again. */
static const char changes_script[] = REDIS_CALL_EXPLAIN
    "local newest = redis.call('ZREVRANGEBYSCORE', KEYS[2], explained, '-inf', 'WITHSCORES',\n"
    "                          'LIMIT', '0', '1')\n"
    "return {explained, math.min(sane(redis.pcall('GET', KEYS[3])), sane(newest[2])),\n"
    "        redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES',\n"
    "                   'LIMIT', '0', ARGV[2])}\n";

/* What redis_changes() was asked for, and how far it has come. */
struct reading {
    struct catalogue_redis *redis;
    const int64_t since;
    int64_t *revision;
    void *context;
    catalogue_visit_fn *visit;
    bool has_more;
};

static enum catalogue_status page_load(struct reading *reading, struct error *error);
static enum catalogue_status page_read(struct reading *reading, const redisReply *reply,
                                       struct error *error);
static enum catalogue_status change(const struct reading *reading, const redisReply *id,
                                    int64_t revision, struct error *error);

/* Page by page: a reply is bounded, and no two apps have the same revision. */
enum catalogue_status redis_changes(struct catalogue_backend *backend, int64_t *revision,
                                    void *context, catalogue_visit_fn *visit, struct error *error)
{
    struct reading reading = {.redis = redis_call_backend(backend),
                              .since = *revision,
                              .revision = revision,
                              .context = context,
                              .visit = visit,
                              .has_more = true};
    enum catalogue_status status = CATALOGUE_OK;

    while (status == CATALOGUE_OK && reading.has_more)
        status = page_load(&reading, error);
    return status;
}

static enum catalogue_status page_load(struct reading *reading, struct error *error)
{
    const int64_t asked_after = *reading->revision;
    char after[TEXT_INTEGER_BYTES_MAX];
    char count_max[TEXT_INTEGER_BYTES_MAX];
    const struct text words[] = {TEXT("EVAL"),
                                 TEXT(changes_script),
                                 TEXT("3"),
                                 TEXT(PREFIX "revision"),
                                 TEXT(PREFIX "apps"),
                                 TEXT(PREFIX "forgotten"),
                                 text_write_integer(asked_after, after),
                                 text_write_integer(CHANGES_MAX, count_max)};
    redisReply *reply = redis_call(reading->redis, words, ARRAY_COUNT(words), error);

    if (reply == NULL)
        return CATALOGUE_UNAVAILABLE;
    enum catalogue_status status = page_read(reading, reply, error);
    reading->has_more = reading->has_more && *reading->revision > asked_after;
    freeReplyObject(reply);
    return status;
}

/* A revision that cannot be read takes the cursor nowhere; such entries sort behind all others, so a
 * page of nothing else is the last. */
static enum catalogue_status page_read(struct reading *reading, const redisReply *reply,
                                       struct error *error)
{
    enum catalogue_status status = CATALOGUE_OK;

    if (!redis_call_is_array(reply, 3) || reply->element[2]->type != REDIS_REPLY_ARRAY) {
        (void)error_set(error, "redis: not the answer of the script");
        return CATALOGUE_UNAVAILABLE;
    }
    const int64_t explained = redis_call_integer(reply->element[0]);
    const int64_t forgotten = redis_call_integer(reply->element[1]);
    const redisReply *list = reply->element[2];
    if (reading->since > 0 && reading->since < forgotten)
        return CATALOGUE_ABSENT;
    for (size_t i = 0; status == CATALOGUE_OK && i + 1 < list->elements; i += 2) {
        int64_t newer = 0;

        if (!text_parse_integer(redis_call_text(list->element[i + 1]), &newer) ||
            newer <= *reading->revision || newer > explained) {
            damages_tell(&reading->redis->damages, redis_call_text(list->element[i]),
                         "redis: its revision in the list of apps is damaged");
            continue;
        }
        status = change(reading, list->element[i], newer, error);
        if (status == CATALOGUE_OK)
            *reading->revision = newer;
    }
    reading->has_more = list->elements == (size_t)2 * CHANGES_MAX;
    return status;
}

/* An app that changes in between is loaded as it is then, and comes again with its new revision. */
static enum catalogue_status change(const struct reading *reading, const redisReply *id,
                                    int64_t revision, struct error *error)
{
    char app_id[APP_ID_BYTES + 1];
    struct app *app = NULL;

    if (!app_id_read(redis_call_text(id), app_id)) {
        damages_tell(&reading->redis->damages, redis_call_text(id),
                     "redis: this is no id of an app");
        return CATALOGUE_OK;
    }
    const enum catalogue_status status = redis_app_load(reading->redis, app_id, &app, error);
    if (status == CATALOGUE_OK)
        reading->visit(reading->context, app);
    if (status == CATALOGUE_ABSENT)
        reading->visit(reading->context, app_new_deleted(app_id, revision));
    if (status == CATALOGUE_DAMAGED)
        reading->visit(reading->context, app_new_damaged(app_id, revision));
    return status == CATALOGUE_UNAVAILABLE ? status : CATALOGUE_OK;
}
