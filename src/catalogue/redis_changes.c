/* SPDX-License-Identifier: MIT */
#include "redis_changes.h"

#include "redis_app.h"
#include "redis_call.h"

#define CHANGES_MAX 1000 /* that one reply lists */
#define PREFIX      REDIS_CALL_PREFIX

/* KEYS: revision, apps; ARGV: after which revision, how many. */
static const char changes_script[] = REDIS_CALL_EXPLAIN
    "return {explained, redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[1], '+inf', 'WITHSCORES',\n"
    "                              'LIMIT', '0', ARGV[2])}\n";

static enum catalogue_status changes(struct catalogue_redis *redis, int64_t *revision,
                                     void *context, catalogue_visit_fn *visit, bool *more,
                                     struct error *error);
static enum catalogue_status page_read(struct catalogue_redis *redis, const redisReply *reply,
                                       int64_t *revision, void *context, catalogue_visit_fn *visit,
                                       bool *is_full, struct error *error);
static enum catalogue_status change(struct catalogue_redis *redis, const redisReply *id,
                                    int64_t revision, void *context, catalogue_visit_fn *visit,
                                    struct error *error);

/* Page by page: a reply is bounded, and no two apps have the same revision. */
enum catalogue_status redis_changes(struct catalogue_backend *backend, int64_t *revision,
                                    void *context, catalogue_visit_fn *visit, struct error *error)
{
    enum catalogue_status status = CATALOGUE_OK;
    bool more = true;

    while (status == CATALOGUE_OK && more)
        status = changes(redis_call_backend(backend), revision, context, visit, &more, error);
    return status;
}

/* One page. A revision that cannot be read takes the cursor nowhere; such entries sort behind all
 * others, so a page of nothing else is the last. */
static enum catalogue_status changes(struct catalogue_redis *redis, int64_t *revision,
                                     void *context, catalogue_visit_fn *visit, bool *more,
                                     struct error *error)
{
    const int64_t asked_after = *revision;
    char after[24];
    char count_max[24];

    (void)snprintf(after, sizeof(after), "(%lld", (long long)asked_after);
    (void)snprintf(count_max, sizeof(count_max), "%d", CHANGES_MAX);
    const struct text words[] = {
        TEXT("EVAL"),        TEXT(changes_script), TEXT("2"),         TEXT(PREFIX "revision"),
        TEXT(PREFIX "apps"), text_of(after),       text_of(count_max)};
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);
    if (reply == NULL)
        return CATALOGUE_UNAVAILABLE;
    enum catalogue_status status = page_read(redis, reply, revision, context, visit, more, error);
    *more = *more && *revision > asked_after;
    freeReplyObject(reply);
    return status;
}

static enum catalogue_status page_read(struct catalogue_redis *redis, const redisReply *reply,
                                       int64_t *revision, void *context, catalogue_visit_fn *visit,
                                       bool *is_full, struct error *error)
{
    enum catalogue_status status = CATALOGUE_OK;

    if (!redis_call_is_array(reply, 2) || reply->element[1]->type != REDIS_REPLY_ARRAY) {
        (void)error_set(error, "redis: not the answer of the script");
        return CATALOGUE_UNAVAILABLE;
    }
    const int64_t explained = redis_call_integer(reply->element[0]);
    const redisReply *list = reply->element[1];
    for (size_t i = 0; status == CATALOGUE_OK && i + 1 < list->elements; i += 2) {
        int64_t newer = 0;

        if (!text_parse_integer(redis_call_text(list->element[i + 1]), &newer) ||
            newer <= *revision || newer > explained) {
            damages_tell(&redis->damages, redis_call_text(list->element[i]),
                         "redis: its revision in the list of apps is damaged");
            continue;
        }
        status = change(redis, list->element[i], newer, context, visit, error);
        if (status == CATALOGUE_OK)
            *revision = newer;
    }
    *is_full = list->elements == (size_t)2 * CHANGES_MAX;
    return status;
}

/* An app that changes in between is loaded as it is then, and comes again with its new revision. */
static enum catalogue_status change(struct catalogue_redis *redis, const redisReply *id,
                                    int64_t revision, void *context, catalogue_visit_fn *visit,
                                    struct error *error)
{
    char app_id[APP_ID_BYTES + 1];
    struct app *app = NULL;

    if (!app_id_read(redis_call_text(id), app_id)) {
        damages_tell(&redis->damages, redis_call_text(id), "redis: this is no id of an app");
        return CATALOGUE_OK;
    }
    const enum catalogue_status status = redis_app_load(redis, app_id, &app, error);
    if (status == CATALOGUE_OK)
        visit(context, app);
    if (status == CATALOGUE_ABSENT)
        visit(context, app_new_deleted(app_id, revision));
    return status == CATALOGUE_UNAVAILABLE ? status : CATALOGUE_OK;
}
