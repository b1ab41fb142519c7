/* SPDX-License-Identifier: MIT */
#include "redis_call.h"

#include "base/arena.h"
#include "base/log.h"

#define SCRIPT_KEYS 8
#define KEYS_OF_ALL REDIS_CALL_PREFIX "keys"

/* In Lua, because KEYS itself has only what the script names. */
static const char keys_script[] =
    "local KEYS = {'" REDIS_CALL_PREFIX "revision', '" REDIS_CALL_PREFIX "apps',\n"
    "              '" KEYS_OF_ALL "', '" REDIS_CALL_PREFIX "app:' .. ARGV[1],\n"
    "              '" REDIS_CALL_PREFIX "policies:' .. ARGV[1], '" REDIS_CALL_PREFIX "history',\n"
    "              '" REDIS_CALL_PREFIX "deleted', '" REDIS_CALL_PREFIX "forgotten'}\n";

/* KEYS: the key. */
static const char value_script[] =
    "local value = redis.pcall('GET', KEYS[1])\n"
    "return {type(value) == 'string' and value, redis.call('EXISTS', KEYS[1])}\n";

/* KEYS: keys. */
static const char make_way_script[] =
    "if redis.call('TYPE', KEYS[1]).ok == 'hash' then return 0 end\n"
    "return redis.call('DEL', KEYS[1])\n";

static const struct {
    const char *name;
    bool is_of_app; /* the app's id follows */
} script_keys[SCRIPT_KEYS] = {
    {REDIS_CALL_PREFIX "revision", false}, {REDIS_CALL_PREFIX "apps", false},
    {REDIS_CALL_PREFIX "keys", false},     {REDIS_CALL_PREFIX "app:", true},
    {REDIS_CALL_PREFIX "policies:", true}, {REDIS_CALL_PREFIX "history", false},
    {REDIS_CALL_PREFIX "deleted", false},  {REDIS_CALL_PREFIX "forgotten", false},
};

static bool make_way(struct catalogue_redis *redis);

struct catalogue_redis *redis_call_backend(struct catalogue_backend *backend)
{
    return CONTAINER_OF(backend, struct catalogue_redis, backend);
}

redisReply *redis_call(struct catalogue_redis *redis, const struct text words[], size_t count,
                       struct error *error)
{
    struct arena arena = {0};
    const char **argv = ARENA_ARRAY(&arena, const char *, count);
    size_t *lengths = ARENA_ARRAY(&arena, size_t, count);

    for (size_t i = 0; i < count; i++) {
        argv[i] = text_is_absent(words[i]) ? "" : words[i].at;
        lengths[i] = words[i].length;
    }
    redisReply *reply =
        redis_sessions_command(redis->sessions, REDIS_CALL_KEY, error, (int)count, argv, lengths);
    if (reply == NULL && redis_call_failure(error) == CATALOGUE_DAMAGED && make_way(redis))
        reply = redis_sessions_command(redis->sessions, REDIS_CALL_KEY, error, (int)count, argv,
                                       lengths);
    arena_close(&arena);
    return reply;
}

redisReply *redis_call_script(struct catalogue_redis *redis, unsigned names, const char *script,
                              const struct text arguments[], size_t count, struct error *error)
{
    char keys[SCRIPT_KEYS][REDIS_CALL_NAME_BYTES];
    char key_count[TEXT_INTEGER_BYTES_MAX];
    struct arena arena = {0};
    struct text *words = ARENA_ARRAY(&arena, struct text, 3 + SCRIPT_KEYS + count);
    const size_t script_bytes = sizeof(keys_script) + strlen(script);
    char *whole = arena_allocate(&arena, script_bytes);
    size_t word_count = 3;

    (void)snprintf(whole, script_bytes, "%s%s", keys_script, script);
    words[0] = TEXT("EVAL");
    words[1] = text_of(whole);
    for (size_t i = 0; i < SCRIPT_KEYS; i++) {
        if ((names & 1U << i) == 0)
            continue;
        (void)snprintf(keys[i], sizeof(keys[i]), "%s%s", script_keys[i].name,
                       script_keys[i].is_of_app ? arguments[0].at : "");
        words[word_count++] = text_of(keys[i]);
    }
    words[2] = text_write_integer((int64_t)word_count - 3, key_count);
    for (size_t i = 0; i < count; i++)
        words[word_count++] = arguments[i];
    redisReply *reply = redis_call(redis, words, word_count, error);
    arena_close(&arena);
    return reply;
}

redisReply *redis_call_value(struct catalogue_redis *redis, const char *key, struct error *error)
{
    const struct text words[] = {TEXT("EVAL"), TEXT(value_script), TEXT("1"), text_of(key)};
    redisReply *reply = redis_call(redis, words, ARRAY_COUNT(words), error);

    if (reply == NULL || redis_call_is_array(reply, 2))
        return reply;
    (void)error_set(error, "redis: not the answer of the script");
    freeReplyObject(reply);
    return NULL;
}

bool redis_call_revision(struct catalogue_redis *redis, int64_t *revision, struct error *error)
{
    redisReply *reply = redis_call_value(redis, REDIS_CALL_PREFIX "revision", error);

    if (reply == NULL)
        return false;
    if (!text_parse_integer(redis_call_text(reply->element[0]), revision) || *revision < 0 ||
        *revision >= CATALOGUE_REVISION_MAX)
        *revision = 0;
    freeReplyObject(reply);
    return true;
}

/* Redis 6 puts more text before the error of a script's command than Redis 7. */
enum catalogue_status redis_call_failure(const struct error *error)
{
    return strstr(error->message, "WRONGTYPE") == NULL ? CATALOGUE_UNAVAILABLE : CATALOGUE_DAMAGED;
}

enum catalogue_status redis_call_status_take(struct catalogue_redis *redis, redisReply *reply,
                                             struct error *error)
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
        return redis_call_failure(error);
    struct text revision = redis_call_text(reply);
    const struct text word = text_cut(&revision, ' ');
    int64_t written = 0;
    for (size_t i = 0; i < ARRAY_COUNT(meanings) && !is_known; i++) {
        is_known = text_equal(word, text_of(meanings[i].word));
        if (is_known)
            status = meanings[i].status;
    }
    if (is_known && text_parse_integer(revision, &written) && written > redis->backend.written)
        redis->backend.written = written;
    if (!is_known)
        (void)error_set(error, "redis: not the answer of the script");
    freeReplyObject(reply);
    return status;
}

struct text redis_call_text(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return (struct text){0};
    return (struct text){reply->str, (size_t)reply->len};
}

bool redis_call_is_array(const redisReply *reply, size_t count)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == count;
}

int64_t redis_call_integer(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

/* The list of all keys only leads to what the apps hold themselves, so nothing is lost if it is
 * deleted. Any other value in its place would stop all registrations. */
static bool make_way(struct catalogue_redis *redis)
{
    const char *argv[] = {"EVAL", make_way_script, "1", KEYS_OF_ALL};
    const size_t lengths[] = {strlen("EVAL"), strlen(make_way_script), 1, strlen(KEYS_OF_ALL)};
    struct error ignored = {0};
    redisReply *reply = redis_sessions_command(redis->sessions, REDIS_CALL_KEY, &ignored,
                                               ARRAY_COUNT(argv), argv, lengths);
    const bool is_made = reply != NULL && redis_call_integer(reply) == 1;

    freeReplyObject(reply);
    if (is_made)
        log_write(LOG_WARN, "catalogue key replaced", LOG_STRING("key", KEYS_OF_ALL),
                  LOG_STRING("reason", "it was of another type"));
    return is_made;
}
