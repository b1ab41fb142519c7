/* SPDX-License-Identifier: MIT */
#include "redis_mark.h"

#include "redis/redis_eviction.h"
#include "redis/redis_rights.h"
#include "redis_call.h"
#include "redis_restore.h"
#include "restorer.h"

#define PEPPER   REDIS_CALL_PREFIX "pepper"
#define IDENTITY REDIS_CALL_PREFIX "identity"
#define ATTEMPTS 3

/* KEYS: apps or history; ARGV: the last revision, the write that is asked for. A write older than
 * all remembered ones may have been forgotten. */
static const char list_script[] = REDIS_CALL_CLOCK
    "local explained = string.format('%.0f', math.max(sane(ARGV[1]), clock))\n"
    "local newest = redis.pcall('ZREVRANGEBYSCORE', KEYS[1], explained, '-inf', 'WITHSCORES',\n"
    "                           'LIMIT', '0', '1')[2]\n"
    "local first = redis.pcall('ZRANGE', KEYS[1], '0', '0', 'WITHSCORES')[2]\n"
    "local count = redis.pcall('ZCARD', KEYS[1])\n"
    "local function has_write()\n"
    "  if ARGV[2] == '0' then return true end\n"
    "  if type(count) ~= 'number' then return false end\n"
    "  if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return true end\n"
    "  return count >= " REDIS_CALL_TEXT(
        CATALOGUE_WRITES_MAX) " and\n"
                              "         tonumber(ARGV[2]) < sane(first)\n"
                              "end\n"
                              "return {sane(newest), first and math.max(clock - sane(first), 1) or "
                              "0,\n"
                              "        type(count) == 'number' and count or 0, has_write() and 1 "
                              "or 0, clock}\n";

/* KEYS and ARGV: identity, and pepper if it is to be stored. A value of another type or length
 * counts as none. */
static const char claim_script[] =
    "for i = 1, #KEYS do\n"
    "  local value = redis.pcall('GET', KEYS[i])\n"
    "  if type(value) == 'string' and #value == #ARGV[i] and value ~= ARGV[i] then\n"
    "    return 'exists'\n"
    "  end\n"
    "end\n"
    "for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[i]) end\n"
    "return 'created'\n";

struct list {
    int64_t newest;
    int64_t age_us;
    int64_t count;
    bool has_write;
    int64_t clock_us;
};

static bool mark_read(struct catalogue_redis *redis, int64_t written, struct catalogue_mark *mark,
                      struct error *error);
static bool identity_read(struct catalogue_redis *redis, struct catalogue_mark *mark,
                          struct error *error);
static bool pepper_read(struct catalogue_redis *redis, struct catalogue_mark *mark,
                        struct error *error);
static bool progress_read(struct catalogue_redis *redis, int64_t written,
                          struct catalogue_mark *mark, int64_t *clock_us, struct error *error);
static bool list_read(struct catalogue_redis *redis, const char *key, int64_t last, int64_t written,
                      struct list *list, struct error *error);
static bool restorer_find(struct catalogue_redis *redis, struct catalogue_mark *mark,
                          int64_t clock_us, struct error *error);

/* Only reads, because an instance that starts while Redis is full or read-only needs only what is
 * there. */
enum catalogue_status redis_mark_read(struct catalogue_backend *backend, int64_t written,
                                      struct catalogue_mark *mark, struct error *error)
{
    struct catalogue_redis *redis = redis_call_backend(backend);
    struct catalogue_mark again = {0};
    bool is_whole = false;
    bool is_read = true;

    for (int i = 0; is_read && !is_whole && i < ATTEMPTS; i++) {
        *mark = (struct catalogue_mark){0};
        is_read = mark_read(redis, written, mark, error) && identity_read(redis, &again, error);
        is_whole = is_read && again.has_identity == mark->has_identity &&
                   again.is_identity_damaged == mark->is_identity_damaged &&
                   memcmp(&again.identity, &mark->identity, sizeof(again.identity)) == 0;
    }
    redis_rights_warn(redis->sessions,
                      /* missing rights may be why there is no reply */
                      &redis->has_looked_for_rights);
    if (is_read && !is_whole)
        (void)error_set(error, "redis: the catalogue is replaced again and again");
    if (!is_whole)
        return CATALOGUE_UNAVAILABLE;
    redis_eviction_warn(redis->sessions, REDIS_CALL_KEY, &redis->has_looked_for_eviction,
                        "apps, keys and policies");
    return CATALOGUE_OK;
}

enum catalogue_status redis_mark_claim(struct catalogue_backend *backend,
                                       const struct pepper *pepper,
                                       const struct catalogue_identity *identity,
                                       struct error *error)
{
    const struct text stored = {(const char *)identity, sizeof(*identity)};
    const struct text alone[] = {TEXT("EVAL"), TEXT(claim_script), TEXT("1"), TEXT(IDENTITY),
                                 stored};
    const struct text both[] = {
        TEXT("EVAL"),
        TEXT(claim_script),
        TEXT("2"),
        TEXT(IDENTITY),
        TEXT(PEPPER),
        stored,
        {(const char *)pepper, sizeof(*pepper)},
    };
    struct catalogue_redis *redis = redis_call_backend(backend);
    redisReply *reply = pepper == NULL ? redis_call(redis, alone, ARRAY_COUNT(alone), error)
                                       : redis_call(redis, both, ARRAY_COUNT(both), error);

    return reply == NULL ? CATALOGUE_UNAVAILABLE : redis_call_status_take(redis, reply, error);
}

/* Each key by itself, because most may be absent, and a cluster finds out about one key at a time
 * while its slot moves. The identity is read first, and once more at the end: if the catalogue was
 * replaced meanwhile, they differ, and all is read again. */
static bool mark_read(struct catalogue_redis *redis, int64_t written, struct catalogue_mark *mark,
                      struct error *error)
{
    int64_t clock_us = 0;

    return identity_read(redis, mark, error) && pepper_read(redis, mark, error) &&
           progress_read(redis, written, mark, &clock_us, error) &&
           restorer_find(redis, mark, clock_us, error);
}

static bool identity_read(struct catalogue_redis *redis, struct catalogue_mark *mark,
                          struct error *error)
{
    redisReply *reply = redis_call_value(redis, IDENTITY, error);

    if (reply == NULL)
        return false;
    const struct text identity = redis_call_text(reply->element[0]);
    mark->has_identity = identity.length == sizeof(mark->identity);
    mark->is_identity_damaged = !mark->has_identity && redis_call_integer(reply->element[1]) == 1;
    mark->identity = (struct catalogue_identity){0};
    if (mark->has_identity)
        memcpy(&mark->identity, identity.at, sizeof(mark->identity));
    freeReplyObject(reply);
    return true;
}

static bool pepper_read(struct catalogue_redis *redis, struct catalogue_mark *mark,
                        struct error *error)
{
    redisReply *reply = redis_call_value(redis, PEPPER, error);

    if (reply == NULL)
        return false;
    const struct text pepper = redis_call_text(reply->element[0]);
    mark->has_pepper = pepper.length == sizeof(mark->pepper);
    mark->is_pepper_damaged = !mark->has_pepper && redis_call_integer(reply->element[1]) == 1;
    if (mark->has_pepper)
        memcpy(&mark->pepper, pepper.at, sizeof(mark->pepper));
    freeReplyObject(reply);
    return true;
}

/* In this order: whoever finds a write in the history finds its app in the list. */
static bool progress_read(struct catalogue_redis *redis, int64_t written,
                          struct catalogue_mark *mark, int64_t *clock_us, struct error *error)
{
    struct list history;
    struct list apps;
    int64_t last = 0;

    if (!redis_call_revision(redis, &last, error) ||
        !list_read(redis, REDIS_CALL_PREFIX "history", last, written, &history, error) ||
        !list_read(redis, REDIS_CALL_PREFIX "apps", last, 0, &apps, error))
        return false;
    mark->progress = (struct catalogue_progress){
        .newest = apps.newest,
        .written = history.newest,
        .age_us = apps.age_us > history.age_us ? apps.age_us : history.age_us};
    mark->lacks_write = !history.has_write;
    mark->has_lost_list = apps.count == 0 && (last > 0 || history.newest > 0);
    *clock_us = apps.clock_us;
    return true;
}

static bool list_read(struct catalogue_redis *redis, const char *key, int64_t last, int64_t written,
                      struct list *list, struct error *error)
{
    char given[TEXT_INTEGER_BYTES_MAX];
    char asked[TEXT_INTEGER_BYTES_MAX];
    const struct text words[] = {TEXT("EVAL"),
                                 TEXT(list_script),
                                 TEXT("1"),
                                 text_of(key),
                                 text_write_integer(last, given),
                                 text_write_integer(written, asked)};
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);

    if (reply == NULL)
        return false;
    const bool is_read =
        redis_call_is_array(reply, 5) || error_set(error, "redis: not the answer of the script");
    if (is_read)
        *list = (struct list){.newest = redis_call_integer(reply->element[0]),
                              .age_us = redis_call_integer(reply->element[1]),
                              .count = redis_call_integer(reply->element[2]),
                              .has_write = redis_call_integer(reply->element[3]) != 0,
                              .clock_us = redis_call_integer(reply->element[4])};
    freeReplyObject(reply);
    return is_read;
}

/* After the lists: an app that is put back is in them only after the mark of who does it. */
static bool restorer_find(struct catalogue_redis *redis, struct catalogue_mark *mark,
                          int64_t clock_us, struct error *error)
{
    redisReply *reply = redis_call_value(redis, REDIS_RESTORE_MARK, error);

    if (reply == NULL)
        return false;
    mark->restorer = restorer_read(redis_call_text(reply->element[0]), clock_us);
    freeReplyObject(reply);
    return true;
}
