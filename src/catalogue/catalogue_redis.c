/* SPDX-License-Identifier: MIT
 *
 * The catalogue in Redis, shared by all instances that use it:
 *
 *     sluice:{catalogue}:pepper         the pepper's bytes
 *     sluice:{catalogue}:revision       the newest revision given
 *     sluice:{catalogue}:apps           zset: app's id, its revision
 *     sluice:{catalogue}:keys           hash: digest of an API key in hex, app's id
 *     sluice:{catalogue}:app:<id>       hash: name, created_at, revision, keys (digests in hex)
 *     sluice:{catalogue}:policies:<id>  hash: name of the identity, document
 *
 * Each write is one script. A revision is at least the server's clock in microseconds: should Redis
 * come back from a crash without its last writes, the next ones are still newer than whatever an
 * instance has seen. */
#include "catalogue/catalogue_backend.h"

#include "base/memory.h"
#include "catalogue/stored_policy.h"
#include "redis/redis_session.h"

#include <sodium.h>

#define TIMEOUT_MS    1000
#define SAVE_ATTEMPTS 8
#define CHANGES_MAX   1000 /* that one reply lists */
#define PREFIX        "sluice:{catalogue}:"
#define NAME_BYTES    64 /* of a key in Redis */
#define HEX_BYTES     (2 * (size_t)KEY_DIGEST_BYTES)

#define SCRIPT_KEYS          5
#define SCRIPT_ARGUMENTS_MAX 5
#define COMMAND_WORDS_MAX    (3 + SCRIPT_KEYS + SCRIPT_ARGUMENTS_MAX)

/* KEYS of every script, from 1; ARGV[1] of every script is the app's id. */
static const struct {
    const char *name;
    bool is_of_app; /* the app's id follows */
} script_keys[SCRIPT_KEYS] = {
    {PREFIX "revision", false}, {PREFIX "apps", false},     {PREFIX "keys", false},
    {PREFIX "app:", true},      {PREFIX "policies:", true},
};

/* string.format(), since Lua by itself writes no more than 14 digits of a number. */
#define REVISE                                                                                     \
    "local now = redis.call('TIME')\n"                                                             \
    "local last = tonumber(redis.call('GET', KEYS[1]) or '0')\n"                                   \
    "local revision = string.format('%.0f', math.max(last + 1, now[1] * 1000000 + now[2]))\n"      \
    "redis.call('SET', KEYS[1], revision)\n"                                                       \
    "redis.call('HSET', KEYS[4], 'revision', revision)\n"                                          \
    "redis.call('ZADD', KEYS[2], revision, ARGV[1])\n"

static const char create_script[] =
    "if redis.call('EXISTS', KEYS[4]) == 1 or redis.call('HEXISTS', KEYS[3], ARGV[4]) == 1 then\n"
    "  return 'exists'\n"
    "end\n"
    "redis.call('HSET', KEYS[4], 'name', ARGV[2], 'created_at', ARGV[3], 'keys', ARGV[4])\n"
    "redis.call('HSET', KEYS[3], ARGV[4], ARGV[1])\n" REVISE "return 'created'\n";

static const char load_script[] =
    "return {redis.call('HMGET', KEYS[4], 'name', 'created_at', 'revision', 'keys'),\n"
    "        redis.call('HVALS', KEYS[5])}\n";

/* ARGV: app, identity, the document that was read before, the new one, most documents. */
static const char save_script[] =
    "if redis.call('EXISTS', KEYS[4]) == 0 then return 'absent' end\n"
    "local stored = redis.call('HGET', KEYS[5], ARGV[2])\n"
    "if (stored or '') ~= ARGV[3] then return 'overtaken' end\n"
    "if not stored and redis.call('HLEN', KEYS[5]) >= tonumber(ARGV[5]) then return 'full' end\n"
    "redis.call('HSET', KEYS[5], ARGV[2], ARGV[4])\n" REVISE
    "return stored and 'replaced' or 'created'\n";

static const char delete_script[] =
    "if redis.call('HDEL', KEYS[5], ARGV[2]) == 0 then return 'absent' end\n" REVISE
    "return 'deleted'\n";

struct catalogue_redis {
    struct catalogue_backend backend;
    struct redis_session *session;
};

static catalogue_pepper_fn on_pepper;
static catalogue_app_create_fn on_app_create;
static catalogue_app_find_fn on_app_find;
static catalogue_app_load_fn on_app_load;
static catalogue_policy_save_fn on_policy_save;
static catalogue_policy_remove_fn on_policy_remove;
static catalogue_changes_fn on_changes;
static catalogue_free_fn on_free;

static enum catalogue_status changes(struct catalogue_backend *backend, int64_t *revision,
                                     void *context, catalogue_visit_fn *visit, bool *more,
                                     struct error *error);
static enum catalogue_status change(struct catalogue_backend *backend, const redisReply *id,
                                    void *context, catalogue_visit_fn *visit, struct error *error);
static bool app_fill(struct app *app, const redisReply *fields, const redisReply *documents);
static bool keys_fill(struct app *app, struct text hex);
static redisReply *policy_attempt(struct catalogue_redis *redis, const char *app_id,
                                  struct policy *policy, uint64_t new_id, struct error *error);

static struct catalogue_redis *redis_of(struct catalogue_backend *backend);
static redisReply *command(struct catalogue_redis *redis, const struct text words[], size_t count,
                           struct error *error);
static redisReply *script_run(struct catalogue_redis *redis, const char *script,
                              const struct text arguments[], size_t count, struct error *error);
static enum catalogue_status status_take(redisReply *reply, struct error *error);
static struct text reply_text(const redisReply *reply);
static bool reply_is_array(const redisReply *reply, size_t count);

static const struct catalogue_operations operations = {
    .pepper = on_pepper,
    .app_create = on_app_create,
    .app_find = on_app_find,
    .app_load = on_app_load,
    .policy_save = on_policy_save,
    .policy_remove = on_policy_remove,
    .changes = on_changes,
    .free = on_free,
};

struct catalogue_backend *catalogue_redis_new(const struct redis_url *url)
{
    struct catalogue_redis *redis = MEMORY_NEW(struct catalogue_redis);

    redis->backend.operations = &operations;
    redis->session = redis_session_new(url, TIMEOUT_MS);
    return &redis->backend;
}

static enum catalogue_status on_pepper(struct catalogue_backend *backend, struct pepper *pepper,
                                       struct error *error)
{
    struct text key = TEXT(PREFIX "pepper");
    struct text candidate = {(const char *)pepper->bytes, sizeof(pepper->bytes)};
    const struct text set[] = {TEXT("SET"), key, candidate, TEXT("NX")};
    const struct text get[] = {TEXT("GET"), key};
    enum catalogue_status status = CATALOGUE_UNAVAILABLE;
    redisReply *reply = command(redis_of(backend), set, ARRAY_COUNT(set), error);

    if (reply == NULL)
        return CATALOGUE_UNAVAILABLE;
    freeReplyObject(reply);
    reply = command(redis_of(backend), get, ARRAY_COUNT(get), error);
    if (reply == NULL)
        return CATALOGUE_UNAVAILABLE;
    if (reply_text(reply).length == sizeof(pepper->bytes)) {
        memcpy(pepper->bytes, reply->str, sizeof(pepper->bytes));
        status = CATALOGUE_OK;
    } else {
        (void)error_set(error, "the stored pepper is not %d bytes long", PEPPER_BYTES);
    }
    freeReplyObject(reply);
    return status;
}

static enum catalogue_status on_app_create(struct catalogue_backend *backend, const char *app_id,
                                           struct text name, int64_t created_at_us,
                                           const struct key_digest *key, struct error *error)
{
    char created_at[24];
    char hex[HEX_BYTES + 1];

    (void)snprintf(created_at, sizeof(created_at), "%lld", (long long)created_at_us);
    (void)sodium_bin2hex(hex, sizeof(hex), key->bytes, sizeof(key->bytes));
    const struct text arguments[] = {text_of(app_id), name, text_of(created_at), text_of(hex)};
    return status_take(
        script_run(redis_of(backend), create_script, arguments, ARRAY_COUNT(arguments), error),
        error);
}

static enum catalogue_status on_app_find(struct catalogue_backend *backend,
                                         const struct key_digest *key,
                                         char app_id[APP_ID_BYTES + 1], struct error *error)
{
    char hex[HEX_BYTES + 1];

    (void)sodium_bin2hex(hex, sizeof(hex), key->bytes, sizeof(key->bytes));
    const struct text words[] = {TEXT("HGET"), TEXT(PREFIX "keys"), text_of(hex)};
    redisReply *reply = command(redis_of(backend), words, ARRAY_COUNT(words), error);
    if (reply == NULL)
        return CATALOGUE_UNAVAILABLE;

    enum catalogue_status status = CATALOGUE_OK;
    if (reply->type == REDIS_REPLY_NIL) {
        status = CATALOGUE_ABSENT;
    } else if (!app_id_read(reply_text(reply), app_id)) {
        (void)error_set(error, "redis: the app of a key is damaged");
        status = CATALOGUE_UNAVAILABLE;
    }
    freeReplyObject(reply);
    return status;
}

static enum catalogue_status on_app_load(struct catalogue_backend *backend, const char *app_id,
                                         struct app **app, struct error *error)
{
    const struct text arguments[] = {text_of(app_id)};
    redisReply *reply = script_run(redis_of(backend), load_script, arguments, 1, error);
    enum catalogue_status status = CATALOGUE_UNAVAILABLE;
    struct app *loaded = NULL;

    if (reply == NULL)
        return CATALOGUE_UNAVAILABLE;
    if (!reply_is_array(reply, 2) || !reply_is_array(reply->element[0], 4)) {
        (void)error_set(error, "redis: not the answer of the script");
        goto out;
    }
    if (text_is_absent(reply_text(reply->element[0]->element[0]))) {
        status = CATALOGUE_ABSENT;
        goto out;
    }
    loaded = app_new();
    (void)snprintf(loaded->id, sizeof(loaded->id), "%s", app_id);
    if (!app_fill(loaded, reply->element[0], reply->element[1])) {
        (void)error_set(error, "redis: the stored app %s is damaged", app_id);
        goto out;
    }
    *app = loaded;
    loaded = NULL;
    status = CATALOGUE_OK;
out:
    app_release(loaded);
    freeReplyObject(reply);
    return status;
}

static enum catalogue_status on_policy_save(struct catalogue_backend *backend, const char *app_id,
                                            struct policy *policy, struct error *error)
{
    uint64_t new_id = policy->id;

    for (int attempt = 0; attempt < SAVE_ATTEMPTS; attempt++) {
        redisReply *reply = policy_attempt(redis_of(backend), app_id, policy, new_id, error);
        if (reply == NULL || !text_equal(reply_text(reply), TEXT("overtaken")))
            return status_take(reply, error);
        freeReplyObject(reply);
    }
    (void)error_set(error, "too many others save the same policy");
    return CATALOGUE_UNAVAILABLE;
}

static enum catalogue_status on_policy_remove(struct catalogue_backend *backend, const char *app_id,
                                              const struct policy_identity *identity,
                                              struct error *error)
{
    struct arena arena = {0};
    const struct text arguments[] = {text_of(app_id), stored_policy_name(identity, &arena)};
    redisReply *reply =
        script_run(redis_of(backend), delete_script, arguments, ARRAY_COUNT(arguments), error);

    arena_close(&arena);
    return status_take(reply, error);
}

/* Page by page: a reply is bounded, and no two apps have the same revision. */
static enum catalogue_status on_changes(struct catalogue_backend *backend, int64_t *revision,
                                        void *context, catalogue_visit_fn *visit,
                                        struct error *error)
{
    enum catalogue_status status = CATALOGUE_OK;
    bool more = true;

    while (status == CATALOGUE_OK && more)
        status = changes(backend, revision, context, visit, &more, error);
    return status;
}

static void on_free(struct catalogue_backend *backend)
{
    struct catalogue_redis *redis = redis_of(backend);

    redis_session_free(redis->session);
    free(redis);
}

/* One page. */
static enum catalogue_status changes(struct catalogue_backend *backend, int64_t *revision,
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
    redisReply *reply = command(redis_of(backend), words, ARRAY_COUNT(words), error);
    enum catalogue_status status = reply == NULL ? CATALOGUE_UNAVAILABLE : CATALOGUE_OK;

    *more = reply != NULL && reply->elements == (size_t)2 * CHANGES_MAX;
    for (size_t i = 0; status == CATALOGUE_OK && i + 1 < reply->elements; i += 2) {
        int64_t newer = 0;

        status = change(backend, reply->element[i], context, visit, error);
        if (status == CATALOGUE_OK &&
            (!text_parse_integer(reply_text(reply->element[i + 1]), &newer) ||
             newer <= asked_after)) {
            (void)error_set(error, "redis: a revision in the list of apps is damaged");
            status = CATALOGUE_UNAVAILABLE;
        }
        if (status == CATALOGUE_OK)
            *revision = newer;
    }
    freeReplyObject(reply);
    return status;
}

/* An app that changes in between is loaded as it is then, and comes again with its new revision. */
static enum catalogue_status change(struct catalogue_backend *backend, const redisReply *id,
                                    void *context, catalogue_visit_fn *visit, struct error *error)
{
    char app_id[APP_ID_BYTES + 1];
    struct app *app = NULL;

    if (!app_id_read(reply_text(id), app_id))
        return CATALOGUE_OK;
    const enum catalogue_status status = on_app_load(backend, app_id, &app, error);
    if (status == CATALOGUE_OK)
        visit(context, app);
    return status == CATALOGUE_ABSENT ? CATALOGUE_OK : status;
}

static bool app_fill(struct app *app, const redisReply *fields, const redisReply *documents)
{
    struct stored_policies policies;

    app->name = text_copy(&app->arena, reply_text(fields->element[0]));
    if (!text_parse_integer(reply_text(fields->element[1]), &app->created_at_us) ||
        !text_parse_integer(reply_text(fields->element[2]), &app->revision) ||
        !keys_fill(app, reply_text(fields->element[3])))
        return false;

    policies.app = app;
    policies.count = 0;
    for (size_t i = 0; i < documents->elements; i++)
        stored_policies_add(&policies, reply_text(documents->element[i]));
    stored_policies_finish(&policies);
    return true;
}

static bool keys_fill(struct app *app, struct text hex)
{
    for (; hex.length >= HEX_BYTES && app->key_count < APP_KEYS_MAX; app->key_count++) {
        if (sodium_hex2bin(app->keys[app->key_count].bytes, KEY_DIGEST_BYTES, hex.at, HEX_BYTES,
                           NULL, NULL, NULL) != 0)
            return false;
        hex.at += HEX_BYTES;
        hex.length -= HEX_BYTES;
    }
    return hex.length == 0;
}

/* Numbers the policy after what is stored and saves it, unless that is no longer what is stored. */
static redisReply *policy_attempt(struct catalogue_redis *redis, const char *app_id,
                                  struct policy *policy, uint64_t new_id, struct error *error)
{
    struct arena arena = {0};
    char key[NAME_BYTES];
    char policies_max[24];
    redisReply *reply = NULL;

    (void)snprintf(key, sizeof(key), PREFIX "policies:%s", app_id);
    (void)snprintf(policies_max, sizeof(policies_max), "%d", POLICIES_PER_APP_MAX);
    struct text name = stored_policy_name(&policy->identity, &arena);
    const struct text words[] = {TEXT("HGET"), text_of(key), name};
    redisReply *stored = command(redis, words, ARRAY_COUNT(words), error);
    if (stored == NULL)
        goto out;

    struct text before = reply_text(stored);
    stored_policy_number(policy, before, new_id);
    const struct text arguments[] = {text_of(app_id), name, before,
                                     stored_policy_write(policy, &arena), text_of(policies_max)};
    reply = script_run(redis, save_script, arguments, ARRAY_COUNT(arguments), error);
out:
    freeReplyObject(stored);
    arena_close(&arena);
    return reply;
}

static struct catalogue_redis *redis_of(struct catalogue_backend *backend)
{
    return CONTAINER_OF(backend, struct catalogue_redis, backend);
}

static redisReply *command(struct catalogue_redis *redis, const struct text words[], size_t count,
                           struct error *error)
{
    const char *argv[COMMAND_WORDS_MAX];
    size_t lengths[COMMAND_WORDS_MAX];

    ASSERT(count <= COMMAND_WORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        argv[i] = text_is_absent(words[i]) ? "" : words[i].at;
        lengths[i] = words[i].length;
    }
    return redis_session_command(redis->session, error, (int)count, argv, lengths);
}

static redisReply *script_run(struct catalogue_redis *redis, const char *script,
                              const struct text arguments[], size_t count, struct error *error)
{
    char names[SCRIPT_KEYS][NAME_BYTES];
    struct text words[COMMAND_WORDS_MAX] = {TEXT("EVAL"), text_of(script), TEXT("5")};
    size_t word_count = 3;

    ASSERT(count <= SCRIPT_ARGUMENTS_MAX);
    for (size_t i = 0; i < SCRIPT_KEYS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%s%s", script_keys[i].name,
                       script_keys[i].is_of_app ? arguments[0].at : "");
        words[word_count++] = text_of(names[i]);
    }
    for (size_t i = 0; i < count; i++)
        words[word_count++] = arguments[i];
    return command(redis, words, word_count, error);
}

/* What a script's answer means; consumes the reply. */
static enum catalogue_status status_take(redisReply *reply, struct error *error)
{
    static const struct {
        const char *word;
        enum catalogue_status status;
    } meanings[] = {
        {"created", CATALOGUE_CREATED}, {"replaced", CATALOGUE_OK},   {"deleted", CATALOGUE_OK},
        {"exists", CATALOGUE_OK},       {"absent", CATALOGUE_ABSENT}, {"full", CATALOGUE_FULL},
    };
    enum catalogue_status status = CATALOGUE_UNAVAILABLE;
    bool is_known = false;

    if (reply == NULL)
        return CATALOGUE_UNAVAILABLE;
    for (size_t i = 0; i < ARRAY_COUNT(meanings) && !is_known; i++) {
        is_known = text_equal(reply_text(reply), text_of(meanings[i].word));
        if (is_known)
            status = meanings[i].status;
    }
    if (!is_known)
        (void)error_set(error, "redis: not the answer of the script");
    freeReplyObject(reply);
    return status;
}

/* Absent when the reply is no string. */
static struct text reply_text(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return (struct text){0};
    return (struct text){reply->str, (size_t)reply->len};
}

static bool reply_is_array(const redisReply *reply, size_t count)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == count;
}
