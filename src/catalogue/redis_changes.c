/* SPDX-License-Identifier: MIT */
#include "redis_changes.h"

#include "redis_app.h"
#include "redis_call.h"

#define CHANGES_MAX 1000 /* that one reply lists */
#define PREFIX      REDIS_CALL_PREFIX

static enum catalogue_status changes(struct catalogue_redis *redis, int64_t *revision,
                                     void *context, catalogue_visit_fn *visit, bool *more,
                                     struct error *error);
static enum catalogue_status change(struct catalogue_redis *redis, const redisReply *id,
                                    int64_t revision, void *context, catalogue_visit_fn *visit,
                                    struct error *error);
static bool revision_read(const redisReply *reply, int64_t after, int64_t *revision);
static enum catalogue_status look_back(struct catalogue_redis *redis, int64_t revision,
                                       struct error *error);

/* Page by page: a reply is bounded, and no two apps have the same revision. */
enum catalogue_status redis_changes(struct catalogue_backend *backend, int64_t *revision,
                                    void *context, catalogue_visit_fn *visit, struct error *error)
{
    enum catalogue_status status =
        *revision == 0 ? CATALOGUE_OK : look_back(redis_call_backend(backend), *revision, error);
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
        TEXT("ZRANGEBYSCORE"), TEXT(PREFIX "apps"), text_of(after), TEXT("+inf"),
        TEXT("WITHSCORES"),    TEXT("LIMIT"),       TEXT("0"),      text_of(count_max)};
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);
    enum catalogue_status status = reply == NULL ? CATALOGUE_UNAVAILABLE : CATALOGUE_OK;
    bool is_full = reply != NULL && reply->elements == (size_t)2 * CHANGES_MAX;

    for (size_t i = 0; status == CATALOGUE_OK && i + 1 < reply->elements; i += 2) {
        int64_t newer = 0;

        if (!revision_read(reply->element[i + 1], *revision, &newer)) {
            damages_tell(&redis->damages, redis_call_text(reply->element[i]),
                         "redis: its revision in the list of apps is damaged");
            continue;
        }
        status = change(redis, reply->element[i], newer, context, visit, error);
        if (status == CATALOGUE_OK)
            *revision = newer;
    }
    *more = is_full && *revision > asked_after;
    freeReplyObject(reply);
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

static bool revision_read(const redisReply *reply, int64_t after, int64_t *revision)
{
    return text_parse_integer(redis_call_text(reply), revision) && *revision > after &&
           *revision < CATALOGUE_REVISION_MAX;
}

/* CATALOGUE_ABSENT: the newest one in the list is older than what has been seen. A revision is never
 * taken back, so the list is. */
static enum catalogue_status look_back(struct catalogue_redis *redis, int64_t revision,
                                       struct error *error)
{
    const struct text words[] = {
        TEXT("ZREVRANGEBYSCORE"), TEXT(PREFIX "apps"), TEXT("+inf"), TEXT("-inf"),
        TEXT("WITHSCORES"),       TEXT("LIMIT"),       TEXT("0"),    TEXT("1")};
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);
    enum catalogue_status status = reply == NULL ? CATALOGUE_UNAVAILABLE : CATALOGUE_OK;
    int64_t newest = 0;

    if (reply != NULL && redis_call_is_array(reply, 2) &&
        revision_read(reply->element[1], 0, &newest) && newest < revision)
        status = CATALOGUE_ABSENT;
    freeReplyObject(reply);
    return status;
}
