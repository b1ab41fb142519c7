/* SPDX-License-Identifier: MIT */
#include "redis_app.h"

#include "catalogue/stored_policy.h"

#include <sodium.h>

/* The most bytes of a field, as text for Lua. */
#define FIELD_BYTES_MAX    "2048"
#define POLICIES_MAX       REDIS_CALL_TEXT(POLICIES_PER_APP_MAX)
#define DOCUMENT_BYTES_MAX REDIS_CALL_TEXT(STORED_POLICY_BYTES_MAX)

/* Replies nothing, or what is wrong, or the fields, the policies and the newest possible revision.
 * Values that are too long are left empty, because a reply that cannot be received would look as if
 * Redis were away. */
static const char load_script[] = REDIS_CALL_EXPLAIN
    "local function field(name)\n"
    "  if redis.call('HSTRLEN', KEYS[4], name) > " FIELD_BYTES_MAX " then return '' end\n"
    "  return redis.call('HGET', KEYS[4], name)\n"
    "end\n"
    "if redis.call('EXISTS', KEYS[4]) == 0 then return false end\n"
    "if redis.call('HLEN', KEYS[5]) > " POLICIES_MAX " then\n"
    "  return 'the app has too many policies'\n"
    "end\n"
    "local documents = redis.call('HVALS', KEYS[5])\n"
    "for i = 1, #documents do\n"
    "  if #documents[i] > " DOCUMENT_BYTES_MAX " then documents[i] = '' end\n"
    "end\n"
    "return {{field('name'), field('created_at'), field('revision'), field('keys'),\n"
    "         field('suspended'), field('unused')}, documents, explained}\n";

/* KEYS: app. A value that is too long is left out, as above. */
static const char revision_script[] =
    "if redis.call('HSTRLEN', KEYS[1], 'revision') > " FIELD_BYTES_MAX " then return '' end\n"
    "return redis.call('HGET', KEYS[1], 'revision')\n";

enum field { NAME, CREATED_AT, REVISION, KEYS, SUSPENDED, UNUSED, FIELD_COUNT };

static enum catalogue_status reply_read(const redisReply *reply, const char *app_id,
                                        struct app **app, struct error *error);
static bool fields_read(struct app *app, const redisReply *fields, int64_t explained,
                        struct error *error);
static bool keys_read(struct app *app, struct text hex, struct error *error);
static void policies_read(struct app *app, const redisReply *documents);

enum catalogue_status redis_app_load(struct catalogue_redis *redis, const char *app_id,
                                     struct app **app, struct error *error)
{
    const struct text arguments[] = {text_of(app_id)};
    redisReply *reply = redis_call_script(redis, load_script, arguments, 1, error);
    enum catalogue_status status =
        reply == NULL ? redis_call_failure(error) : reply_read(reply, app_id, app, error);

    if (status == CATALOGUE_DAMAGED)
        damages_tell(&redis->damages, text_of(app_id), error->message);
    freeReplyObject(reply);
    return status;
}

enum catalogue_status redis_app_revision(struct catalogue_redis *redis, const char *app_id,
                                         int64_t *revision, struct error *error)
{
    char name[REDIS_CALL_NAME_BYTES];

    (void)snprintf(name, sizeof(name), REDIS_CALL_PREFIX "app:%s", app_id);
    const struct text words[] = {TEXT("EVAL"), TEXT(revision_script), TEXT("1"), text_of(name)};
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);
    if (reply == NULL)
        return redis_call_failure(error);

    enum catalogue_status status = CATALOGUE_OK;
    if (reply->type == REDIS_REPLY_NIL) {
        status = CATALOGUE_ABSENT;
    } else if (!text_parse_integer(redis_call_text(reply), revision)) {
        (void)error_set(error, "redis: the app's revision is damaged");
        status = CATALOGUE_DAMAGED;
    }
    freeReplyObject(reply);
    return status;
}

static enum catalogue_status reply_read(const redisReply *reply, const char *app_id,
                                        struct app **app, struct error *error)
{
    if (reply->type == REDIS_REPLY_NIL)
        return CATALOGUE_ABSENT;
    if (reply->type == REDIS_REPLY_STRING) {
        (void)error_set(error, "redis: %.*s", TEXT_PRINTF(redis_call_text(reply)));
        return CATALOGUE_DAMAGED;
    }
    if (!redis_call_is_array(reply, 3) || !redis_call_is_array(reply->element[0], FIELD_COUNT)) {
        (void)error_set(error, "redis: not the answer of the script");
        return CATALOGUE_UNAVAILABLE;
    }

    struct app *loaded = app_new();
    (void)snprintf(loaded->id, sizeof(loaded->id), "%s", app_id);
    if (!fields_read(loaded, reply->element[0], redis_call_integer(reply->element[2]), error)) {
        app_release(loaded);
        return CATALOGUE_DAMAGED;
    }
    policies_read(loaded, reply->element[1]);
    *app = loaded;
    return CATALOGUE_OK;
}

static bool fields_read(struct app *app, const redisReply *fields, int64_t explained,
                        struct error *error)
{
    struct text name = redis_call_text(fields->element[NAME]);

    if (name.length == 0 || name.length > APP_NAME_BYTES_MAX)
        return error_set(error, "redis: the app's name is damaged");
    if (!text_parse_integer(redis_call_text(fields->element[CREATED_AT]), &app->created_at_us) ||
        app->created_at_us < 0 || app->created_at_us >= CATALOGUE_REVISION_MAX)
        return error_set(error, "redis: the app's created_at is damaged");
    if (!text_parse_integer(redis_call_text(fields->element[REVISION]), &app->revision) ||
        app->revision <= 0 || app->revision > explained)
        return error_set(error, "redis: the app's revision is damaged");
    app->name = text_copy(&app->arena, name);
    if (fields->element[SUSPENDED]->type != REDIS_REPLY_NIL)
        app->state = APP_SUSPENDED;
    app->is_unused = fields->element[UNUSED]->type != REDIS_REPLY_NIL;
    return keys_read(app, redis_call_text(fields->element[KEYS]), error);
}

static bool keys_read(struct app *app, struct text hex, struct error *error)
{
    if (hex.length > APP_KEYS_MAX * REDIS_CALL_HEX_BYTES)
        return error_set(error, "redis: the app has more than %d keys", APP_KEYS_MAX);
    for (; hex.length >= REDIS_CALL_HEX_BYTES; app->key_count++) {
        if (sodium_hex2bin(app->keys[app->key_count].bytes, KEY_DIGEST_BYTES, hex.at,
                           REDIS_CALL_HEX_BYTES, NULL, NULL, NULL) != 0)
            return error_set(error, "redis: a key of the app is damaged");
        hex.at += REDIS_CALL_HEX_BYTES;
        hex.length -= REDIS_CALL_HEX_BYTES;
    }
    if (hex.length != 0)
        return error_set(error, "redis: a key of the app is damaged");
    return app->key_count > 0 || error_set(error, "redis: the app has no key that can be read");
}

static void policies_read(struct app *app, const redisReply *documents)
{
    struct stored_policies policies;

    stored_policies_begin(&policies, app);
    for (size_t i = 0; i < documents->elements; i++)
        stored_policies_add(&policies, redis_call_text(documents->element[i]));
    stored_policies_finish(&policies);
}
