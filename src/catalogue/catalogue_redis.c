/* SPDX-License-Identifier: MIT
 *
 * The catalogue in Redis, shared by all instances that use it:
 *
 *     sluice:{catalogue}:pepper         the pepper's bytes, unless the configuration has it
 *     sluice:{catalogue}:identity       struct catalogue_identity
 *     sluice:{catalogue}:restoring      there while an instance puts apps back
 *     sluice:{catalogue}:revision       the newest revision given
 *     sluice:{catalogue}:apps           zset: app's id, its revision; without a hash it is deleted
 *     sluice:{catalogue}:history        zset: revisions given lately, each its own score
 *     sluice:{catalogue}:deleted        zset: ids of the last deleted apps, their revisions
 *     sluice:{catalogue}:forgotten      the revision of the last one that is no longer among them
 *     sluice:{catalogue}:keys           hash: digest of an API key in hex, app's id
 *     sluice:{catalogue}:app:<id>       hash: name, created_at, revision, keys (digests in hex),
 *                                       suspended (if it is), unused (if it is), restored (if it
 *                                       was put back)
 *     sluice:{catalogue}:policies:<id>  hash: name of the identity, document
 *
 * Each write is one script. A revision is at least the server's clock in microseconds: should Redis
 * come back from a crash without its last writes, the next ones are still newer than whatever an
 * instance has seen. */
#include "base/memory.h"
#include "catalogue/stored_policy.h"
#include "redis_admin.h"
#include "redis_app.h"
#include "redis_call.h"
#include "redis_changes.h"
#include "redis_mark.h"
#include "redis_restore.h"
#include "redis_unused.h"

#include <sodium.h>

#define TIMEOUT_MS    1000
#define SAVE_ATTEMPTS 8
#define PREFIX        REDIS_CALL_PREFIX

/* A key is free if the app that it leads to does not have it. The list of apps also has the deleted
 * ones, while they are remembered. */
static const char create_script[] =
    "local sought = KEYS[4]\n" REDIS_CALL_LOOK "local function has_key(app, key)\n"
    "  local keys = redis.pcall('HGET', '" PREFIX "app:' .. app, 'keys')\n"
    "  return type(keys) == 'string' and string.find(keys, key, 1, true)\n"
    "end\n"
    "local owner = redis.call('HGET', KEYS[3], ARGV[4])\n"
    "if found == 1 or redis.call('ZSCORE', KEYS[2], ARGV[1]) or\n"
    "   owner and has_key(owner, ARGV[4]) then\n"
    "  return 'exists'\n"
    "end\n"
    "local deleted = redis.pcall('ZCARD', KEYS[7])\n"
    "local count = redis.call('ZCARD', KEYS[2]) - (type(deleted) == 'number' and deleted or 0)\n"
    "if ARGV[5] ~= '0' and count >= tonumber(ARGV[5]) then return 'full' end\n"
    "redis.call('HSET', KEYS[4], 'name', ARGV[2], 'created_at', ARGV[3], 'keys', ARGV[4])\n"
    "if ARGV[6] ~= '' then redis.call('HSET', KEYS[4], 'unused', ARGV[6]) end\n"
    "redis.call('HSET', KEYS[3], ARGV[4], ARGV[1])\n" REDIS_CALL_REVISE REDIS_CALL_ANSWER(
        "created");

/* Of the hash `policies`. A document that is too long for a reply counts as damaged. */
#define STORED                                                                                     \
    "local stored = ''\n"                                                                          \
    "if redis.call('HSTRLEN', policies, ARGV[2]) <= " REDIS_CALL_TEXT(                             \
        STORED_POLICY_BYTES_MAX) "\n"                                                              \
                                 "then stored = redis.call('HGET', policies, ARGV[2]) end\n"

/* KEYS: keys; ARGV: digest of a key. A value longer than any id is not read. */
static const char find_script[] =
    "if redis.call('HSTRLEN', KEYS[1], ARGV[1]) > 64 then return '' end\n"
    "return redis.call('HGET', KEYS[1], ARGV[1])\n";

/* KEYS: policies; ARGV: app, identity. Also replies whether there are any policies. */
static const char stored_script[] =
    "local policies = KEYS[1]\n" STORED "return {stored, redis.call('EXISTS', policies)}\n";

/* ARGV: app, identity, the document that was read before, the new one, most documents. */
static const char save_script[] =
    "local policies, sought = KEYS[5], KEYS[5]\n" REDIS_CALL_LOOK
    "if redis.call('EXISTS', KEYS[4]) == 0 then return 'absent' end\n" STORED
    "if (stored or '') ~= ARGV[3] then return 'overtaken' end\n"
    "if not stored and redis.call('HLEN', KEYS[5]) >= tonumber(ARGV[5]) then return 'full' end\n"
    "redis.call('HSET', KEYS[5], ARGV[2], ARGV[4])\n" REDIS_CALL_REVISE
    "return (stored and 'replaced ' or 'created ') .. revision\n";

static const char remove_script[] =
    "if redis.call('EXISTS', KEYS[4]) == 0 or redis.call('HDEL', KEYS[5], ARGV[2]) == 0 then\n"
    "  return 'absent'\n"
    "end\n" REDIS_CALL_REVISE REDIS_CALL_ANSWER("deleted");

static catalogue_app_create_fn on_app_create;
static catalogue_app_find_fn on_app_find;
static catalogue_app_load_fn on_app_load;
static catalogue_app_revision_fn on_app_revision;
static catalogue_policy_save_fn on_policy_save;
static catalogue_policy_remove_fn on_policy_remove;
static catalogue_free_fn on_free;

static redisReply *policy_attempt(struct catalogue_redis *redis, const char *app_id,
                                  struct policy *policy, uint64_t new_id, bool *afresh,
                                  struct error *error);
static redisReply *policy_stored(struct catalogue_redis *redis, const char *app_id,
                                 struct text identity, struct error *error);

static const struct catalogue_operations operations = {
    .mark_read = redis_mark_read,
    .mark_claim = redis_mark_claim,
    .restore_begin = redis_restore_begin,
    .restore_end = redis_restore_end,
    .app_restore = redis_restore_app,
    .app_create = on_app_create,
    .app_find = on_app_find,
    .app_load = on_app_load,
    .app_revision = on_app_revision,
    .policy_save = on_policy_save,
    .policy_remove = on_policy_remove,
    .app_remove = redis_admin_remove,
    .app_suspend = redis_admin_suspend,
    .app_rekey = redis_admin_rekey,
    .app_use = redis_unused_end,
    .app_expire = redis_unused_expire,
    .changes = redis_changes,
    .free = on_free,
};

struct catalogue_backend *catalogue_redis_new(struct redis_topology *topology)
{
    struct catalogue_redis *redis = MEMORY_NEW(struct catalogue_redis);

    redis->backend.operations = &operations;
    redis->sessions = redis_sessions_new(topology, TIMEOUT_MS);
    return &redis->backend;
}

static enum catalogue_status on_app_create(struct catalogue_backend *backend,
                                           const struct catalogue_new_app *new, struct error *error)
{
    char created_at[TEXT_INTEGER_BYTES_MAX];
    char apps_max[TEXT_INTEGER_BYTES_MAX];
    char hex[REDIS_CALL_HEX_BYTES + 1];

    (void)sodium_bin2hex(hex, sizeof(hex), new->key->bytes, sizeof(new->key->bytes));
    const struct text arguments[] = {text_of(new->app_id),
                                     new->name,
                                     text_write_integer(new->created_at_us, created_at),
                                     text_of(hex),
                                     text_write_integer(new->apps_max, apps_max),
                                     new->is_unused ? TEXT("1") : TEXT("")};
    struct catalogue_redis *redis = redis_call_backend(backend);
    return redis_call_status_take(redis,
                                  redis_call_script(redis, REDIS_CALL_LISTS | REDIS_CALL_KEYS,
                                                    create_script, arguments,
                                                    ARRAY_COUNT(arguments), error),
                                  error);
}

static enum catalogue_status on_app_find(struct catalogue_backend *backend,
                                         const struct key_digest *key,
                                         char app_id[APP_ID_BYTES + 1], struct error *error)
{
    char hex[REDIS_CALL_HEX_BYTES + 1];

    (void)sodium_bin2hex(hex, sizeof(hex), key->bytes, sizeof(key->bytes));
    const struct text words[] = {TEXT("EVAL"), TEXT(find_script), TEXT("1"), TEXT(PREFIX "keys"),
                                 text_of(hex)};
    redisReply *reply = redis_call(redis_call_backend(backend), words, ARRAY_COUNT(words), error);
    if (reply == NULL)
        return redis_call_failure(error);

    enum catalogue_status status = CATALOGUE_OK;
    if (reply->type == REDIS_REPLY_NIL) {
        status = CATALOGUE_ABSENT;
    } else if (!app_id_read(redis_call_text(reply), app_id)) {
        (void)error_set(error, "redis: the app of a key is damaged");
        status = CATALOGUE_DAMAGED;
    }
    freeReplyObject(reply);
    return status;
}

static enum catalogue_status on_app_load(struct catalogue_backend *backend, const char *app_id,
                                         struct app **app, struct error *error)
{
    return redis_app_load(redis_call_backend(backend), app_id, app, error);
}

static enum catalogue_status on_app_revision(struct catalogue_backend *backend, const char *app_id,
                                             int64_t *revision, struct error *error)
{
    return redis_app_revision(redis_call_backend(backend), app_id, revision, error);
}

static enum catalogue_status on_policy_save(struct catalogue_backend *backend, const char *app_id,
                                            struct policy *policy, bool *afresh,
                                            struct error *error)
{
    uint64_t new_id = policy->id;

    for (int attempt = 0; attempt < SAVE_ATTEMPTS; attempt++) {
        redisReply *reply =
            policy_attempt(redis_call_backend(backend), app_id, policy, new_id, afresh, error);
        if (reply == NULL || !text_equal(redis_call_text(reply), TEXT("overtaken")))
            return redis_call_status_take(redis_call_backend(backend), reply, error);
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
    redisReply *reply = redis_call_script(redis_call_backend(backend),
                                          REDIS_CALL_LISTS | REDIS_CALL_APP | REDIS_CALL_POLICIES,
                                          remove_script, arguments, ARRAY_COUNT(arguments), error);

    arena_close(&arena);
    return redis_call_status_take(redis_call_backend(backend), reply, error);
}

static void on_free(struct catalogue_backend *backend)
{
    struct catalogue_redis *redis = redis_call_backend(backend);

    redis_sessions_free(redis->sessions);
    free(redis);
}

/* Gives the policy the next version after the stored one, compares the two, and saves it, unless
 * the stored one has changed. */
static redisReply *policy_attempt(struct catalogue_redis *redis, const char *app_id,
                                  struct policy *policy, uint64_t new_id, bool *afresh,
                                  struct error *error)
{
    struct arena arena = {0};
    char policies_max[24];
    redisReply *reply = NULL;

    (void)snprintf(policies_max, sizeof(policies_max), "%d", POLICIES_PER_APP_MAX);
    struct text name = stored_policy_name(&policy->identity, &arena);
    redisReply *stored = policy_stored(redis, app_id, name, error);
    if (stored == NULL)
        goto out;

    struct text before = redis_call_text(stored->element[0]);
    const bool has_policies = redis_call_integer(stored->element[1]) == 1;
    stored_policy_number(policy, before, new_id);
    if (afresh != NULL && !text_is_absent(before))
        *afresh = stored_policy_starts_afresh(policy, before, new_id);
    const struct text arguments[] = {text_of(app_id), name, before,
                                     stored_policy_write(policy, &arena), text_of(policies_max)};
    const unsigned names =
        REDIS_CALL_LISTS | REDIS_CALL_APP | (has_policies ? REDIS_CALL_POLICIES : 0U);
    reply = redis_call_script(redis, names, save_script, arguments, ARRAY_COUNT(arguments), error);
out:
    freeReplyObject(stored);
    arena_close(&arena);
    return reply;
}

/* By itself, because an app may have no policies. */
static redisReply *policy_stored(struct catalogue_redis *redis, const char *app_id,
                                 struct text identity, struct error *error)
{
    char key[REDIS_CALL_NAME_BYTES];

    (void)snprintf(key, sizeof(key), PREFIX "policies:%s", app_id);
    const struct text words[] = {TEXT("EVAL"), TEXT(stored_script), TEXT("1"),
                                 text_of(key), text_of(app_id),     identity};
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);
    if (reply == NULL || redis_call_is_array(reply, 2))
        return reply;
    (void)error_set(error, "redis: not the answer of the script");
    freeReplyObject(reply);
    return NULL;
}
