/* SPDX-License-Identifier: MIT */
#include "redis_unused.h"

#include "redis_call.h"

/* ARGV: app. */
static const char end_script[] =
    "if redis.call('HDEL', KEYS[4], 'unused') == 0 then return 'absent' end\n" REDIS_CALL_REVISE
        REDIS_CALL_ANSWER("replaced");

/* ARGV: app, its revision, microseconds since. */
static const char expire_script[] =
    "local there = redis.call('HMGET', KEYS[4], 'unused', 'revision')\n"
    "local time = redis.call('TIME')\n"
    "if not there[1] or there[2] ~= ARGV[2] or\n"
    "   time[1] * 1000000 + time[2] < ARGV[2] + ARGV[3] then\n"
    "  return 'absent'\n"
    "end\n" REDIS_CALL_BURY REDIS_CALL_ANSWER("deleted");

enum catalogue_status redis_unused_end(struct catalogue_backend *backend, const char *app_id,
                                       struct error *error)
{
    struct catalogue_redis *redis = redis_call_backend(backend);
    const struct text arguments[] = {text_of(app_id)};

    return redis_call_status_take(redis,
                                  redis_call_script(redis, REDIS_CALL_LISTS | REDIS_CALL_APP,
                                                    end_script, arguments, ARRAY_COUNT(arguments),
                                                    error),
                                  error);
}

enum catalogue_status redis_unused_expire(struct catalogue_backend *backend, const char *app_id,
                                          int64_t revision, int64_t kept_us, struct error *error)
{
    struct catalogue_redis *redis = redis_call_backend(backend);
    char seen[TEXT_INTEGER_BYTES_MAX];
    char kept[TEXT_INTEGER_BYTES_MAX];
    const struct text arguments[] = {text_of(app_id), text_write_integer(revision, seen),
                                     text_write_integer(kept_us, kept)};

    return redis_call_status_take(redis,
                                  redis_call_script(redis, REDIS_CALL_ALL, expire_script, arguments,
                                                    ARRAY_COUNT(arguments), error),
                                  error);
}
