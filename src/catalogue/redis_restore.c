/* SPDX-License-Identifier: MIT */
#include "redis_restore.h"

#include "base/duration.h"
#include "catalogue/stored_policy.h"
#include "redis_call.h"

#include <sodium.h>

#define ARGUMENTS_BEFORE_POLICIES 7

/* KEYS: the mark, apps; ARGV: for how many microseconds, the name. See restorer.h for what is
 * stored. Another value in place of the list would keep all from putting apps back. */
static const char begin_script[] =
    "local now = redis.call('TIME')\n"
    "local clock = now[1] * 1000000 + now[2]\n"
    "local held = redis.pcall('GET', KEYS[1])\n"
    "local till, name = string.match(type(held) == 'string' and held or '', '^(%d+) (.+)$')\n"
    "till = tonumber(till or '0')\n"
    "if till > clock and till <= clock + ARGV[1] and name ~= ARGV[2] then return 'exists' end\n"
    "redis.call('SET', KEYS[1], string.format('%.0f ', clock + ARGV[1]) .. ARGV[2])\n"
    "if redis.call('TYPE', KEYS[2]).ok ~= 'zset' then redis.call('DEL', KEYS[2]) end\n"
    "return 'created'\n";

static const char end_script[] =
    "local held = redis.pcall('GET', KEYS[1])\n"
    "if type(held) == 'string' and string.match(held, '^%d+ (.+)$') == ARGV[1] then\n"
    "  redis.call('DEL', KEYS[1])\n"
    "end\n"
    "return 'deleted'\n";

/* A value of another type was put there by somebody else after the loss, and would block the
 * restore. */
#define MAKE_WAY                                                                                   \
    "for i, kind in pairs({[2] = 'zset', [3] = 'hash', [4] = 'hash', [5] = 'hash'}) do\n"          \
    "  if redis.call('TYPE', KEYS[i]).ok ~= kind then redis.call('DEL', KEYS[i]) end\n"            \
    "end\n"

/* ARGV: app, name, created_at, keys, whether it is suspended, the revision of this copy, whether it
 * is unused, and of each policy the name of its identity and its document. `restored` has the
 * revision that the app was put back under, and the copy's: a later write has another revision. If
 * an app is there but not in the list, the list was lost, and the app is newer than any copy.
 *
 * What is there is deleted before it is written anew. While its slot moves, a cluster would refuse
 * that in the middle; so it is asked first, by two keys of which it has only one. */
static const char restore_script[] = MAKE_WAY
    "local is_there = redis.call('EXISTS', KEYS[4]) == 1\n"
    "if is_there and not redis.call('ZSCORE', KEYS[2], ARGV[1]) then\n" REDIS_CALL_REVISE
        REDIS_CALL_ANSWER(
            "created") "end\n"
                       "if is_there then\n"
                       "  local there = redis.call('HMGET', KEYS[4], 'revision', 'restored')\n"
                       "  local given, copied = string.match(there[2] or '', '^(%d+) (%d+)$')\n"
                       "  if not given or given ~= there[1] or tonumber(copied) >= "
                       "tonumber(ARGV[6]) then\n"
                       "    return 'exists'\n"
                       "  end\n"
                       "  local found = redis.pcall('EXISTS', KEYS[4], '" REDIS_CALL_PREFIX
                       "none')\n"
                       "  if type(found) ~= 'number' then\n"
                       "    return redis.error_reply('TRYAGAIN ' .. found.err)\n"
                       "  end\n"
                       "elseif redis.call('ZSCORE', KEYS[2], ARGV[1]) then\n"
                       "  return 'exists'\n"
                       "end\n"
                       "for i = 1, #ARGV[4], 64 do\n"
                       "  local owner = redis.call('HGET', KEYS[3], string.sub(ARGV[4], i, i + "
                       "63))\n"
                       "  if owner and owner ~= ARGV[1] and\n"
                       "     redis.call('EXISTS', '" REDIS_CALL_PREFIX "app:' .. owner) == 1 then\n"
                       "    return 'exists'\n"
                       "  end\n"
                       "end\n" REDIS_CALL_RELEASE "redis.call('DEL', KEYS[4], KEYS[5])\n"
                       "redis.call('HSET', KEYS[4], 'name', ARGV[2], 'created_at', ARGV[3], "
                       "'keys', ARGV[4])\n"
                       "for i = 1, #ARGV[4], 64 do\n"
                       "  redis.call('HSET', KEYS[3], string.sub(ARGV[4], i, i + 63), ARGV[1])\n"
                       "end\n"
                       "if ARGV[5] ~= '' then redis.call('HSET', KEYS[4], 'suspended', ARGV[5]) "
                       "end\n"
                       "if ARGV[7] ~= '' then redis.call('HSET', KEYS[4], 'unused', ARGV[7]) end\n"
                       "for i = 8, #ARGV, 2 do redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1]) "
                       "end\n" REDIS_CALL_REVISE
                       "redis.call('HSET', KEYS[4], 'restored', revision .. ' ' .. "
                       "ARGV[6])\n" REDIS_CALL_ANSWER("created");

/* ARGV: app. */
static const char bury_script[] = MAKE_WAY
    "if redis.call('EXISTS', KEYS[4]) == 0 and redis.call('ZSCORE', KEYS[2], ARGV[1]) then\n"
    "  return 'exists'\n"
    "end\n" REDIS_CALL_BURY REDIS_CALL_ANSWER("created");

static redisReply *bury(struct catalogue_redis *redis, const struct app *app, struct error *error);
static redisReply *restore(struct catalogue_redis *redis, const struct app *app,
                           struct error *error);
static struct text keys_write(const struct app *app, struct arena *arena);

enum catalogue_status redis_restore_begin(struct catalogue_backend *backend, const char *name,
                                          struct error *error)
{
    char span[TEXT_INTEGER_BYTES_MAX];
    const struct text words[] = {TEXT("EVAL"),
                                 TEXT(begin_script),
                                 TEXT("2"),
                                 TEXT(REDIS_RESTORE_MARK),
                                 TEXT(REDIS_CALL_PREFIX "apps"),
                                 text_write_integer(CATALOGUE_RESTORE_MS * MILLISECOND_US, span),
                                 text_of(name)};
    struct catalogue_redis *redis = redis_call_backend(backend);
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);

    return reply == NULL ? CATALOGUE_UNAVAILABLE : redis_call_status_take(redis, reply, error);
}

/* If this fails, the mark ends when its time is over. */
void redis_restore_end(struct catalogue_backend *backend, const char *name)
{
    const struct text words[] = {TEXT("EVAL"), TEXT(end_script), TEXT("1"),
                                 TEXT(REDIS_RESTORE_MARK), text_of(name)};
    struct error ignored;

    freeReplyObject(redis_call(redis_call_backend(backend), words, ARRAY_COUNT(words), &ignored));
}

enum catalogue_status redis_restore_app(struct catalogue_backend *backend, const struct app *app,
                                        struct error *error)
{
    struct catalogue_redis *redis = redis_call_backend(backend);
    redisReply *reply =
        app->state == APP_DELETED ? bury(redis, app, error) : restore(redis, app, error);

    return redis_call_status_take(redis, reply, error);
}

static redisReply *bury(struct catalogue_redis *redis, const struct app *app, struct error *error)
{
    const struct text arguments[] = {text_of(app->id)};

    return redis_call_script(redis, REDIS_CALL_ALL, bury_script, arguments, ARRAY_COUNT(arguments),
                             error);
}

static redisReply *restore(struct catalogue_redis *redis, const struct app *app,
                           struct error *error)
{
    size_t policy_count = policy_set_count(app->policies);
    size_t count = ARGUMENTS_BEFORE_POLICIES + 2 * policy_count;
    char created_at[TEXT_INTEGER_BYTES_MAX];
    char revision[TEXT_INTEGER_BYTES_MAX];
    struct arena arena = {0};
    struct text *arguments = ARENA_ARRAY(&arena, struct text, count);

    arguments[0] = text_of(app->id);
    arguments[1] = app->name;
    arguments[2] = text_write_integer(app->created_at_us, created_at);
    arguments[3] = keys_write(app, &arena);
    arguments[4] = app->state == APP_SUSPENDED ? TEXT("1") : TEXT("");
    arguments[5] = text_write_integer(app->revision, revision);
    arguments[6] = app_is_unused(app) ? TEXT("1") : TEXT("");
    for (size_t i = 0; i < policy_count; i++) {
        const struct policy *policy = policy_set_at(app->policies, i);
        struct text *pair = &arguments[ARGUMENTS_BEFORE_POLICIES + 2 * i];

        pair[0] = stored_policy_name(&policy->identity, &arena);
        pair[1] = stored_policy_write(policy, &arena);
    }
    redisReply *reply =
        redis_call_script(redis, REDIS_CALL_ALL, restore_script, arguments, count, error);
    arena_close(&arena);
    return reply;
}

static struct text keys_write(const struct app *app, struct arena *arena)
{
    size_t bytes = app->key_count * REDIS_CALL_HEX_BYTES;
    char *hex = arena_allocate(arena, bytes + 1);

    for (size_t i = 0; i < app->key_count; i++) {
        (void)sodium_bin2hex(hex + i * REDIS_CALL_HEX_BYTES, REDIS_CALL_HEX_BYTES + 1,
                             app->keys[i].bytes, KEY_DIGEST_BYTES);
    }
    return (struct text){hex, bytes};
}
