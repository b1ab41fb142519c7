/* SPDX-License-Identifier: MIT */
#include "redis_admin.h"

#include "redis_call.h"

#include <sodium.h>

static const char remove_script[] =
    "if redis.call('EXISTS', KEYS[4]) == 0 then return 'absent' end\n" REDIS_CALL_BURY
        REDIS_CALL_ANSWER("deleted");

static const char suspend_script[] =
    "if redis.call('EXISTS', KEYS[4]) == 0 then return 'absent' end\n"
    "redis.call('HSET', KEYS[4], 'suspended', '1')\n" REDIS_CALL_REVISE REDIS_CALL_ANSWER(
        "replaced");

static const char resume_script[] =
    "if redis.call('EXISTS', KEYS[4]) == 0 then return 'absent' end\n"
    "redis.call('HDEL', KEYS[4], 'suspended')\n" REDIS_CALL_REVISE REDIS_CALL_ANSWER("replaced");

/* The new key comes first, so that the list of all keys never becomes empty (see
 * REDIS_CALL_RELEASE), and again, because the app may have had it before. */
static const char rekey_script[] =
    "if redis.call('EXISTS', KEYS[4]) == 0 then return 'absent' end\n"
    "redis.call('HSET', KEYS[3], ARGV[2], ARGV[1])\n" REDIS_CALL_RELEASE
    "redis.call('HSET', KEYS[4], 'keys', ARGV[2])\n"
    "redis.call('HSET', KEYS[3], ARGV[2], ARGV[1])\n" REDIS_CALL_REVISE REDIS_CALL_ANSWER(
        "replaced");

static enum catalogue_status run(struct catalogue_backend *backend, unsigned names,
                                 const char *script, const struct text arguments[], size_t count,
                                 struct error *error);

enum catalogue_status redis_admin_remove(struct catalogue_backend *backend, const char *app_id,
                                         struct error *error)
{
    const struct text arguments[] = {text_of(app_id)};

    return run(backend, REDIS_CALL_ALL, remove_script, arguments, ARRAY_COUNT(arguments), error);
}

enum catalogue_status redis_admin_suspend(struct catalogue_backend *backend, const char *app_id,
                                          bool is_suspended, struct error *error)
{
    const struct text arguments[] = {text_of(app_id)};

    return run(backend, REDIS_CALL_LISTS | REDIS_CALL_APP,
               is_suspended ? suspend_script : resume_script, arguments, ARRAY_COUNT(arguments),
               error);
}

enum catalogue_status redis_admin_rekey(struct catalogue_backend *backend, const char *app_id,
                                        const struct key_digest *key, struct error *error)
{
    char hex[REDIS_CALL_HEX_BYTES + 1];

    (void)sodium_bin2hex(hex, sizeof(hex), key->bytes, sizeof(key->bytes));
    const struct text arguments[] = {text_of(app_id), text_of(hex)};
    return run(backend, REDIS_CALL_LISTS | REDIS_CALL_KEYS | REDIS_CALL_APP, rekey_script,
               arguments, ARRAY_COUNT(arguments), error);
}

static enum catalogue_status run(struct catalogue_backend *backend, unsigned names,
                                 const char *script, const struct text arguments[], size_t count,
                                 struct error *error)
{
    struct catalogue_redis *redis = redis_call_backend(backend);

    return redis_call_status_take(
        redis, redis_call_script(redis, names, script, arguments, count, error), error);
}
