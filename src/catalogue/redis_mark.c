/* SPDX-License-Identifier: MIT */
#include "redis_mark.h"

#include "redis/redis_eviction.h"
#include "redis/redis_rights.h"
#include "redis_call.h"
#include "redis_restore.h"
#include "restorer.h"

#define PEPPER   REDIS_CALL_PREFIX "pepper"
#define IDENTITY REDIS_CALL_PREFIX "identity"

/* KEYS: revision, apps, history, pepper, identity, restoring; ARGV: the write that is asked for. A
 * write older than all remembered ones may have been forgotten. */
static const char read_script[] = REDIS_CALL_EXPLAIN
    "local function last_of(key)\n"
    "  return sane(redis.pcall('ZREVRANGEBYSCORE', key, explained, '-inf', 'WITHSCORES', 'LIMIT',\n"
    "                          '0', '1')[2])\n"
    "end\n"
    "local restoring = redis.pcall('GET', KEYS[6])\n"
    "local function age()\n"
    "  local oldest\n"
    "  for i = 2, 3 do\n"
    "    local first = redis.pcall('ZRANGE', KEYS[i], '0', '0', 'WITHSCORES')[2]\n"
    "    if first then oldest = math.min(oldest or clock, sane(first)) end\n"
    "  end\n"
    "  return oldest and math.max(clock - oldest, 1) or 0\n"
    "end\n"
    "local function has_write()\n"
    "  if ARGV[1] == '0' then return true end\n"
    "  if redis.call('TYPE', KEYS[3]).ok ~= 'zset' then return false end\n"
    "  if redis.call('ZSCORE', KEYS[3], ARGV[1]) then return true end\n"
    "  local first = redis.call('ZRANGE', KEYS[3], '0', '0', 'WITHSCORES')[2]\n"
    "  return redis.call('ZCARD', KEYS[3]) >= " REDIS_CALL_TEXT(
        CATALOGUE_WRITES_MAX) "\n"
                              "     and tonumber(ARGV[1]) < sane(first)\n"
                              "end\n"
                              "local count = redis.pcall('ZCARD', KEYS[2])\n"
                              "local is_lost = (type(count) ~= 'number' or count == 0)\n"
                              "                and (last > 0 or last_of(KEYS[3]) > 0)\n"
                              "return {redis.call('MGET', KEYS[4], KEYS[5]), last_of(KEYS[2]), "
                              "last_of(KEYS[3]),\n"
                              "        has_write() and 1 or 0, age(), clock,\n"
                              "        type(restoring) == 'string' and restoring or '',\n"
                              "        redis.call('EXISTS', KEYS[4]), redis.call('EXISTS', "
                              "KEYS[5]),\n"
                              "        is_lost and 1 or 0}\n";

/* KEYS: pepper, identity; ARGV: pepper or nothing, identity. A value of another type or length
 * counts as none. */
static const char claim_script[] =
    "local function stored(i)\n"
    "  local value = redis.pcall('GET', KEYS[i])\n"
    "  return type(value) == 'string' and #value == #ARGV[i] and value\n"
    "end\n"
    "local pepper, identity = stored(1), stored(2)\n"
    "if pepper and pepper ~= ARGV[1] or identity and identity ~= ARGV[2] then\n"
    "  return 'exists'\n"
    "end\n"
    "if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1]) end\n"
    "redis.call('SET', KEYS[2], ARGV[2])\n"
    "return 'created'\n";

static bool mark_fill(struct catalogue_mark *mark, const redisReply *reply, struct error *error);

/* Only reads, because an instance that starts while Redis is full or read-only needs only what is
 * there. */
enum catalogue_status redis_mark_read(struct catalogue_backend *backend, int64_t written,
                                      struct catalogue_mark *mark, struct error *error)
{
    struct catalogue_redis *redis = redis_call_backend(backend);
    char asked[TEXT_INTEGER_BYTES_MAX];
    const struct text words[] = {TEXT("EVAL"),
                                 TEXT(read_script),
                                 TEXT("6"),
                                 TEXT(REDIS_CALL_PREFIX "revision"),
                                 TEXT(REDIS_CALL_PREFIX "apps"),
                                 TEXT(REDIS_CALL_PREFIX "history"),
                                 TEXT(PEPPER),
                                 TEXT(IDENTITY),
                                 TEXT(REDIS_RESTORE_MARK),
                                 text_write_integer(written, asked)};
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);

    *mark = (struct catalogue_mark){0};
    redis_rights_warn(redis->sessions,
                      /* missing rights may be why there is no reply */
                      &redis->has_looked_for_rights);
    if (reply == NULL)
        return CATALOGUE_UNAVAILABLE;
    bool is_read = mark_fill(mark, reply, error);
    freeReplyObject(reply);
    if (is_read)
        redis_eviction_warn(redis->sessions, REDIS_CALL_KEY, &redis->has_looked_for_eviction,
                            "apps, keys and policies");
    return is_read ? CATALOGUE_OK : CATALOGUE_UNAVAILABLE;
}

enum catalogue_status redis_mark_claim(struct catalogue_backend *backend,
                                       const struct pepper *pepper,
                                       const struct catalogue_identity *identity,
                                       struct error *error)
{
    const struct text words[] = {
        TEXT("EVAL"),
        TEXT(claim_script),
        TEXT("2"),
        TEXT(PEPPER),
        TEXT(IDENTITY),
        {(const char *)pepper, pepper == NULL ? 0 : sizeof(*pepper)},
        {(const char *)identity, sizeof(*identity)},
    };
    struct catalogue_redis *redis = redis_call_backend(backend);
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);

    return reply == NULL ? CATALOGUE_UNAVAILABLE : redis_call_status_take(redis, reply, error);
}

/* MGET replies nil for a value of another type. */
static bool mark_fill(struct catalogue_mark *mark, const redisReply *reply, struct error *error)
{
    if (!redis_call_is_array(reply, 10) || !redis_call_is_array(reply->element[0], 2))
        return error_set(error, "redis: not the answer of the script");
    struct text pepper = redis_call_text(reply->element[0]->element[0]);
    struct text identity = redis_call_text(reply->element[0]->element[1]);

    mark->has_pepper = pepper.length == sizeof(mark->pepper);
    mark->is_pepper_damaged = !mark->has_pepper && redis_call_integer(reply->element[7]) == 1;
    if (mark->has_pepper)
        memcpy(&mark->pepper, pepper.at, sizeof(mark->pepper));
    mark->has_identity = identity.length == sizeof(mark->identity);
    mark->is_identity_damaged = !mark->has_identity && redis_call_integer(reply->element[8]) == 1;
    if (mark->has_identity)
        memcpy(&mark->identity, identity.at, sizeof(mark->identity));
    mark->progress.newest = redis_call_integer(reply->element[1]);
    mark->progress.written = redis_call_integer(reply->element[2]);
    mark->progress.age_us = redis_call_integer(reply->element[4]);
    mark->restorer =
        restorer_read(redis_call_text(reply->element[6]), redis_call_integer(reply->element[5]));
    mark->lacks_write = redis_call_integer(reply->element[3]) == 0;
    mark->has_lost_list = redis_call_integer(reply->element[9]) != 0;
    return true;
}
