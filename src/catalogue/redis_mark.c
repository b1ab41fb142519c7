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

/* The questions of each of the two exchanges, in the order in which Redis answers them. */
enum { HEAD_IDENTITY, HEAD_PEPPER, HEAD_REVISION, HEAD_COUNT };
enum { BODY_HISTORY, BODY_APPS, BODY_RESTORER, BODY_IDENTITY, BODY_COUNT };

static bool head_read(struct catalogue_redis *redis, struct catalogue_mark *mark, int64_t *last,
                      struct error *error);
static bool body_read(struct catalogue_redis *redis, int64_t last, int64_t written,
                      struct catalogue_mark *mark, struct catalogue_mark *again,
                      struct error *error);
static struct redis_call_question list_question(const char *key, struct text last,
                                                struct text written);
static struct list list_of(const redisReply *reply);
static void identity_take(const redisReply *value, struct catalogue_mark *mark);
static bool value_copy(const redisReply *value, void *copy, size_t bytes, bool *is_damaged);
static bool is_same_identity(const struct catalogue_mark *a, const struct catalogue_mark *b);

/* Only reads, because an instance that starts while Redis is full or read-only needs only what is
 * there. The identity is read first, and once more at the end: if the catalogue was replaced
 * meanwhile, they differ, and all is read again. */
enum catalogue_status redis_mark_read(struct catalogue_backend *backend, int64_t written,
                                      struct catalogue_mark *mark, struct error *error)
{
    struct catalogue_redis *redis = redis_call_backend(backend);
    bool is_whole = false;
    bool is_read = true;

    for (int i = 0; is_read && !is_whole && i < ATTEMPTS; i++) {
        struct catalogue_mark again = {0};
        int64_t last = 0;

        *mark = (struct catalogue_mark){0};
        is_read = head_read(redis, mark, &last, error) &&
                  body_read(redis, last, written, mark, &again, error);
        is_whole = is_read && is_same_identity(mark, &again);
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

static bool head_read(struct catalogue_redis *redis, struct catalogue_mark *mark, int64_t *last,
                      struct error *error)
{
    const struct redis_call_question questions[HEAD_COUNT] = {
        [HEAD_IDENTITY] = redis_call_value_of(IDENTITY),
        [HEAD_PEPPER] = redis_call_value_of(PEPPER),
        [HEAD_REVISION] = redis_call_last_revision(),
    };
    redisReply *replies[HEAD_COUNT];

    if (!redis_call_ask(redis, questions, HEAD_COUNT, replies, error))
        return false;
    identity_take(replies[HEAD_IDENTITY], mark);
    mark->has_pepper = value_copy(replies[HEAD_PEPPER], &mark->pepper, sizeof(mark->pepper),
                                  &mark->is_pepper_damaged);
    *last = redis_call_revision(replies[HEAD_REVISION]);
    redis_call_free(replies, HEAD_COUNT);
    return true;
}

/* In this order: whoever finds a write in the history finds its app in the list. And an app that is
 * put back is in the lists only after the mark of who does it. */
static bool body_read(struct catalogue_redis *redis, int64_t last, int64_t written,
                      struct catalogue_mark *mark, struct catalogue_mark *again,
                      struct error *error)
{
    char given[TEXT_INTEGER_BYTES_MAX];
    char asked[TEXT_INTEGER_BYTES_MAX];
    const struct text revision = text_write_integer(last, given);
    const struct redis_call_question questions[BODY_COUNT] = {
        [BODY_HISTORY] = list_question(REDIS_CALL_PREFIX "history", revision,
                                       text_write_integer(written, asked)),
        [BODY_APPS] = list_question(REDIS_CALL_PREFIX "apps", revision, TEXT("0")),
        [BODY_RESTORER] = redis_call_value_of(REDIS_RESTORE_MARK),
        [BODY_IDENTITY] = redis_call_value_of(IDENTITY),
    };
    redisReply *replies[BODY_COUNT];

    if (!redis_call_ask(redis, questions, BODY_COUNT, replies, error))
        return false;
    const struct list history = list_of(replies[BODY_HISTORY]);
    const struct list apps = list_of(replies[BODY_APPS]);
    mark->progress = (struct catalogue_progress){
        .newest = apps.newest,
        .written = history.newest,
        .age_us = apps.age_us > history.age_us ? apps.age_us : history.age_us};
    mark->lacks_write = !history.has_write;
    mark->has_lost_list = apps.count == 0 && (last > 0 || history.newest > 0);
    mark->restorer =
        restorer_read(redis_call_text(replies[BODY_RESTORER]->element[0]), apps.clock_us);
    identity_take(replies[BODY_IDENTITY], again);
    redis_call_free(replies, BODY_COUNT);
    return true;
}

static struct redis_call_question list_question(const char *key, struct text last,
                                                struct text written)
{
    return (struct redis_call_question){
        .script = list_script, .key = key, .arguments = {last, written}, .elements = 5};
}

static struct list list_of(const redisReply *reply)
{
    return (struct list){.newest = redis_call_integer(reply->element[0]),
                         .age_us = redis_call_integer(reply->element[1]),
                         .count = redis_call_integer(reply->element[2]),
                         .has_write = redis_call_integer(reply->element[3]) != 0,
                         .clock_us = redis_call_integer(reply->element[4])};
}

static void identity_take(const redisReply *value, struct catalogue_mark *mark)
{
    mark->has_identity =
        value_copy(value, &mark->identity, sizeof(mark->identity), &mark->is_identity_damaged);
}

/* False when there is none of this length; `is_damaged`: but another value. */
static bool value_copy(const redisReply *value, void *copy, size_t bytes, bool *is_damaged)
{
    const struct text text = redis_call_text(value->element[0]);

    *is_damaged = text.length != bytes && redis_call_integer(value->element[1]) == 1;
    if (text.length != bytes)
        return false;
    memcpy(copy, text.at, bytes);
    return true;
}

static bool is_same_identity(const struct catalogue_mark *a, const struct catalogue_mark *b)
{
    return a->has_identity == b->has_identity && a->is_identity_damaged == b->is_identity_damaged &&
           memcmp(&a->identity, &b->identity, sizeof(a->identity)) == 0;
}
