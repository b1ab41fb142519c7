/* SPDX-License-Identifier: MIT
 *
 * Commands and scripts of the catalogue in Redis, and the meaning of their replies. Private to
 * catalogue_redis.c and its parts. */
#ifndef CATALOGUE_REDIS_CALL_H
#define CATALOGUE_REDIS_CALL_H

#include "catalogue/catalogue_backend.h"
#include "damages.h"
#include "redis/redis_sessions.h"

#define REDIS_CALL_PREFIX "sluice:{catalogue}:"
/* In a cluster all its keys are in one slot. */
#define REDIS_CALL_KEY           TEXT(REDIS_CALL_PREFIX)
#define REDIS_CALL_ARGUMENTS_MAX 2
/* For an app's key in Redis, NUL-terminated. */
#define REDIS_CALL_NAME_BYTES 64
/* For a key's digest as Redis holds it. */
#define REDIS_CALL_HEX_BYTES (2 * (size_t)KEY_DIGEST_BYTES)
/* What a script of redis_call_script() names, as bits in the order of its KEYS. While its slot
 * moves a cluster refuses a script that names keys of both sides, or one that is nowhere. So a
 * script names what it may find, and looks for the rest before it writes: REDIS_CALL_LOOK. */
enum redis_call_names {
    REDIS_CALL_LISTS = 1 << 0 | 1 << 1 | 1 << 5, /* revision, apps, history */
    REDIS_CALL_KEYS = 1 << 2,
    REDIS_CALL_APP = 1 << 3,
    REDIS_CALL_POLICIES = 1 << 4,
    REDIS_CALL_ALL = (1 << 8) - 1
};

/* KEYS of every script: revision, apps, keys, app and policies of the app whose id is ARGV[1], and
 * history, deleted, forgotten.
 *
 * `explained` is the newest revision that can have been given. No app's revision is greater. The
 * stored last revision may be lost or damaged. */
#define REDIS_CALL_EXPLAIN                                                                         \
    REDIS_CALL_CLOCK                                                                               \
    "local last = sane(redis.pcall('GET', KEYS[1]))\n"                                             \
    "local explained = math.max(last, clock)\n"

#define REDIS_CALL_CLOCK                                                                           \
    "local function sane(text)\n"                                                                  \
    "  local number = type(text) == 'string' and tonumber(text) or 0\n"                            \
    "  return number > 0 and number < 4503599627370496 and number % 1 == 0 and number or 0\n"      \
    "end\n"                                                                                        \
    "local now = redis.call('TIME')\n"                                                             \
    "local clock = now[1] * 1000000 + now[2]\n"

/* Looks for the key `sought`. The side that a slot leaves does not say whether it has a key that is
 * not there. It makes none any more, so this is to be tried again. */
#define REDIS_CALL_LOOK                                                                            \
    "local found = redis.pcall('EXISTS', sought)\n"                                                \
    "if type(found) ~= 'number' then return redis.error_reply('TRYAGAIN ' .. found.err) end\n"

#define REDIS_CALL_TEXT_(number) #number
#define REDIS_CALL_TEXT(number)  REDIS_CALL_TEXT_(number)

/* Gives the app the next revision. It uses string.format(), because Lua itself writes only 14
 * digits of a number. Impossible revisions are removed from the history, because they would push
 * out real ones: after the new one has come, because a cluster refuses to fill an empty history
 * while its slot moves. */
#define REDIS_CALL_REVISE                                                                          \
    REDIS_CALL_EXPLAIN                                                                             \
    "local revision = string.format('%.0f', math.max(last + 1, clock))\n"                          \
    "redis.call('SET', KEYS[1], revision)\n"                                                       \
    "redis.call('HSET', KEYS[4], 'revision', revision)\n"                                          \
    "redis.call('ZADD', KEYS[2], revision, ARGV[1])\n"                                             \
    "if redis.call('TYPE', KEYS[6]).ok ~= 'zset' then redis.call('DEL', KEYS[6]) end\n"            \
    "redis.call('ZADD', KEYS[6], revision, revision)\n"                                            \
    "redis.call('ZREMRANGEBYSCORE', KEYS[6], '(' .. revision, '+inf')\n"                           \
    "redis.call('ZREMRANGEBYRANK', KEYS[6], '0',\n"                                                \
    "           -1 - " REDIS_CALL_TEXT(CATALOGUE_WRITES_MAX) ")\n"

/* The answer of a script that has given a revision. */
#define REDIS_CALL_ANSWER(word) "return '" word " ' .. revision\n"

/* Removes the app's keys from the list of all keys, if they are its own. All at once, because a
 * cluster refuses to look into a list that has become empty while its slot moves. */
#define REDIS_CALL_RELEASE                                                                         \
    "local held = redis.pcall('HGET', KEYS[4], 'keys')\n"                                          \
    "held = type(held) == 'string' and #held <= 1024 and held or ''\n"                             \
    "local own = {}\n"                                                                             \
    "for i = 1, #held, 64 do\n"                                                                    \
    "  local key = string.sub(held, i, i + 63)\n"                                                  \
    "  if redis.call('HGET', KEYS[3], key) == ARGV[1] then own[#own + 1] = key end\n"              \
    "end\n"                                                                                        \
    "if #own > 0 then redis.call('HDEL', KEYS[3], unpack(own)) end\n"

/* Deletes the app. An id in the list without a hash means deleted. The hash goes last, because
 * REVISE writes to it, and a cluster refuses to make a key while its slot moves. If there are too
 * many, the oldest are forgotten. The newest revision of those tells instances that have not seen
 * them yet. A cluster does not say either whether a key exists that is not in KEYS while its slot
 * moves; then the app is forgotten later. */
#define REDIS_CALL_BURY                                                                            \
    REDIS_CALL_RELEASE                                                                             \
    "if redis.call('TYPE', KEYS[4]).ok ~= 'hash' then redis.call('DEL', KEYS[4]) "                 \
    "end\n" REDIS_CALL_REVISE "redis.call('DEL', KEYS[4], KEYS[5])\n"                              \
    "if redis.call('TYPE', KEYS[7]).ok ~= 'zset' then redis.call('DEL', KEYS[7]) end\n"            \
    "redis.call('ZADD', KEYS[7], revision, ARGV[1])\n"                                             \
    "local count = redis.call('ZCARD', KEYS[7]) - " REDIS_CALL_TEXT(                               \
        APPS_DELETED_MAX) "\n"                                                                     \
                          "local oldest = count > 0 and\n"                                         \
                          "               redis.call('ZRANGE', KEYS[7], '0', math.min(count, "     \
                          "100) - 1) or {}\n"                                                      \
                          "for _, id in ipairs(oldest) do\n"                                       \
                          "  local forgotten = redis.call('ZSCORE', KEYS[7], id)\n"                \
                          "  local exists = redis.pcall('EXISTS', '" REDIS_CALL_PREFIX             \
                          "app:' .. id)\n"                                                         \
                          "  if type(exists) == 'number' then redis.call('ZREM', KEYS[7], id) "    \
                          "end\n"                                                                  \
                          "  if exists == 0 then\n"                                                \
                          "    redis.call('ZREM', KEYS[2], id)\n"                                  \
                          "    redis.call('SET', KEYS[8], forgotten)\n"                            \
                          "  end\n"                                                                \
                          "end\n"

struct catalogue_redis {
    struct catalogue_backend backend;
    struct redis_sessions *sessions;
    struct damages damages;
    bool has_looked_for_rights;
    bool has_looked_for_eviction;
};

struct catalogue_redis *redis_call_backend(struct catalogue_backend *backend);

/* Like redis_sessions_command(). If a value of another type was in place of the list of all keys,
 * it is deleted, and the command runs once more. */
redisReply *redis_call(struct catalogue_redis *redis, const struct text words[], size_t count,
                       struct error *error);
/* `names`: bits of enum redis_call_names. */
redisReply *redis_call_script(struct catalogue_redis *redis, unsigned names, const char *script,
                              const struct text arguments[], size_t count, struct error *error);

/* A script that only reads, and names one key, because most may be absent and a cluster finds out
 * about one key at a time while its slot moves. All is borrowed. */
struct redis_call_question {
    const char *script;
    const char *key;
    struct text arguments[REDIS_CALL_ARGUMENTS_MAX]; /* the first absent one ends them */
    size_t elements;                                 /* of the array that it answers */
};

/* For the value of a key. The answer is an array of two: the value, nil if it is of another type,
 * and whether there is one. */
struct redis_call_question redis_call_value_of(const char *key);
/* Asks all in this order, in one exchange unless the slot moves. False with `error`: then there are
 * no replies. Otherwise the caller frees them with redis_call_free(). */
MUST_USE bool redis_call_ask(struct catalogue_redis *redis,
                             const struct redis_call_question questions[], size_t count,
                             redisReply *replies[], struct error *error);
void redis_call_free(redisReply *replies[], size_t count);

/* For the last revision that was given, and what was answered: 0 if it is lost or damaged. */
struct redis_call_question redis_call_last_revision(void);
int64_t redis_call_revision(const redisReply *value);

/* Why there was no reply: CATALOGUE_DAMAGED if the key has another type than it should have, which
 * concerns only that key; otherwise CATALOGUE_UNAVAILABLE. */
enum catalogue_status redis_call_failure(const struct error *error);
/* The meaning of a script's answer. A revision in it is the newest one given. Frees the reply,
 * which may be NULL. */
enum catalogue_status redis_call_status_take(struct catalogue_redis *redis, redisReply *reply,
                                             struct error *error);

/* Absent when the reply is no string. */
struct text redis_call_text(const redisReply *reply);
bool redis_call_is_array(const redisReply *reply, size_t count);
/* 0 when the reply is no number. */
int64_t redis_call_integer(const redisReply *reply);

#endif
