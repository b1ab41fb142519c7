/* SPDX-License-Identifier: MIT */
#include "redis_app.h"

#include "catalogue/stored_policy.h"

#include <sodium.h>

/* The most bytes of a field, as text for Lua. */
#define FIELD_BYTES_MAX    "2048"
#define POLICIES_KEY       REDIS_CALL_PREFIX "policies:"
#define POLICIES_MAX       REDIS_CALL_TEXT(POLICIES_PER_APP_MAX)
#define DOCUMENT_BYTES_MAX REDIS_CALL_TEXT(STORED_POLICY_BYTES_MAX)

/* Sets `documents`, unless `policies` has too many, or cannot be read here. */
#define DOCUMENTS                                                                                  \
    "local documents\n"                                                                            \
    "local count = redis.pcall('HLEN', policies)\n"                                                \
    "if type(count) == 'number' and count <= " POLICIES_MAX " then\n"                              \
    "  documents = redis.call('HVALS', policies)\n"                                                \
    "  for i = 1, #documents do\n"                                                                 \
    "    if #documents[i] > " DOCUMENT_BYTES_MAX " then documents[i] = '' end\n"                   \
    "  end\n"                                                                                      \
    "end\n"

/* KEYS: app; ARGV: the key of its policies, which is not named, because there may be none. Replies
 * nothing, or the fields, the policies and the clock. No policies may mean that they are on the
 * other side of a slot that moves. Values that are too long are left empty, because a reply that
 * cannot be received would look as if Redis were away. */
static const char load_script[] = REDIS_CALL_CLOCK
    "local policies = ARGV[1]\n"
    "local function field(name)\n"
    "  if redis.call('HSTRLEN', KEYS[1], name) > " FIELD_BYTES_MAX " then return '' end\n"
    "  return redis.call('HGET', KEYS[1], name)\n"
    "end\n"
    "if redis.call('EXISTS', KEYS[1]) == 0 then return false end\n" DOCUMENTS
    "return {{field('name'), field('created_at'), field('revision'), field('keys'),\n"
    "         field('suspended'), field('unused')}, documents or {}, clock}\n";

/* KEYS: policies. */
static const char policies_script[] = "local policies = KEYS[1]\n"
                                      "if redis.call('HLEN', policies) > " POLICIES_MAX " then\n"
                                      "  return 'the app has too many policies'\n"
                                      "end\n" DOCUMENTS "return documents\n";

/* KEYS: app. A value that is too long is left out, as above. */
static const char revision_script[] =
    "if redis.call('HSTRLEN', KEYS[1], 'revision') > " FIELD_BYTES_MAX " then return '' end\n"
    "return redis.call('HGET', KEYS[1], 'revision')\n";

enum field { NAME, CREATED_AT, REVISION, KEYS, SUSPENDED, UNUSED, FIELD_COUNT };

static enum catalogue_status app_read(struct catalogue_redis *redis, const redisReply *reply,
                                      const char *app_id, struct app **app, struct error *error);
static enum catalogue_status explained_read(struct catalogue_redis *redis, const redisReply *reply,
                                            int64_t *explained, struct error *error);
static enum catalogue_status policies_load(struct catalogue_redis *redis, struct app *app,
                                           const redisReply *documents, struct error *error);
static bool fields_read(struct app *app, const redisReply *fields, int64_t explained,
                        struct error *error);
static bool keys_read(struct app *app, struct text hex, struct error *error);
static void policies_read(struct app *app, const redisReply *documents);

enum catalogue_status redis_app_load(struct catalogue_redis *redis, const char *app_id,
                                     struct app **app, struct error *error)
{
    char key[REDIS_CALL_NAME_BYTES];
    char policies_key[REDIS_CALL_NAME_BYTES];

    (void)snprintf(key, sizeof(key), REDIS_CALL_PREFIX "app:%s", app_id);
    (void)snprintf(policies_key, sizeof(policies_key), POLICIES_KEY "%s", app_id);
    const struct text words[] = {TEXT("EVAL"), TEXT(load_script), TEXT("1"), text_of(key),
                                 text_of(policies_key)};
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);
    enum catalogue_status status =
        reply == NULL ? redis_call_failure(error) : app_read(redis, reply, app_id, app, error);

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

static enum catalogue_status app_read(struct catalogue_redis *redis, const redisReply *reply,
                                      const char *app_id, struct app **app, struct error *error)
{
    int64_t explained = 0;

    if (reply->type == REDIS_REPLY_NIL)
        return CATALOGUE_ABSENT;
    if (!redis_call_is_array(reply, 3) || !redis_call_is_array(reply->element[0], FIELD_COUNT) ||
        reply->element[1]->type != REDIS_REPLY_ARRAY) {
        (void)error_set(error, "redis: not the answer of the script");
        return CATALOGUE_UNAVAILABLE;
    }

    struct app *loaded = app_new();
    (void)snprintf(loaded->id, sizeof(loaded->id), "%s", app_id);
    enum catalogue_status status = explained_read(redis, reply, &explained, error);
    if (status == CATALOGUE_OK && !fields_read(loaded, reply->element[0], explained, error))
        status = CATALOGUE_DAMAGED;
    if (status == CATALOGUE_OK)
        status = policies_load(redis, loaded, reply->element[1], error);
    if (status == CATALOGUE_OK)
        *app = loaded;
    else
        app_release(loaded);
    return status;
}

/* The newest revision that the app can have: see REDIS_CALL_EXPLAIN. The last one that was given is
 * asked for only if the clock does not explain the app's. */
static enum catalogue_status explained_read(struct catalogue_redis *redis, const redisReply *reply,
                                            int64_t *explained, struct error *error)
{
    const struct redis_call_question question = redis_call_last_revision();
    redisReply *answer = NULL;
    int64_t revision = 0;

    *explained = redis_call_integer(reply->element[2]);
    if (!text_parse_integer(redis_call_text(reply->element[0]->element[REVISION]), &revision) ||
        revision <= *explained)
        return CATALOGUE_OK;
    if (!redis_call_ask(redis, &question, 1, &answer, error))
        return CATALOGUE_UNAVAILABLE;
    const int64_t last = redis_call_revision(answer);
    freeReplyObject(answer);
    if (last > *explained)
        *explained = last;
    return CATALOGUE_OK;
}

/* If they are asked for by themselves, they may be newer than the app, which then comes again with
 * its new revision. */
static enum catalogue_status policies_load(struct catalogue_redis *redis, struct app *app,
                                           const redisReply *documents, struct error *error)
{
    char key[REDIS_CALL_NAME_BYTES];
    enum catalogue_status status = CATALOGUE_OK;

    if (documents->elements > 0) {
        policies_read(app, documents);
        return CATALOGUE_OK;
    }
    (void)snprintf(key, sizeof(key), POLICIES_KEY "%s", app->id);
    const struct text words[] = {TEXT("EVAL"), TEXT(policies_script), TEXT("1"), text_of(key)};
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);
    if (reply == NULL)
        return redis_call_failure(error);
    if (reply->type == REDIS_REPLY_ARRAY) {
        policies_read(app, reply);
    } else {
        (void)error_set(error, "redis: %.*s", TEXT_PRINTF(redis_call_text(reply)));
        status = CATALOGUE_DAMAGED;
    }
    freeReplyObject(reply);
    return status;
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
