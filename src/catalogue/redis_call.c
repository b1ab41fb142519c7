/* SPDX-License-Identifier: MIT */
#include "redis_call.h"

#include "base/arena.h"
#include "base/log.h"

#define SCRIPT_KEYS    8
#define QUESTION_WORDS (4 + REDIS_CALL_ARGUMENTS_MAX)
#define KEYS_OF_ALL    REDIS_CALL_PREFIX "keys"

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

static void argv_write(const struct text words[], size_t count, const char *argv[],
                       size_t lengths[]);
static size_t words_of(const struct redis_call_question *question,
                       struct text words[static QUESTION_WORDS]);
static bool ask_together(struct catalogue_redis *redis,
                         const struct redis_call_question questions[], size_t count,
                         redisReply *replies[], bool *is_elsewhere, struct error *error);
static bool ask_each(struct catalogue_redis *redis, const struct redis_call_question questions[],
                     size_t count, redisReply *replies[], struct error *error);
static bool are_answers(const struct redis_call_question questions[], size_t count,
                        redisReply *replies[], struct error *error);
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

    argv_write(words, count, argv, lengths);
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

struct redis_call_question redis_call_value_of(const char *key)
{
    return (struct redis_call_question){.script = value_script, .key = key, .elements = 2};
}

bool redis_call_ask(struct catalogue_redis *redis, const struct redis_call_question questions[],
                    size_t count, redisReply *replies[], struct error *error)
{
    bool is_elsewhere = false;

    return ask_together(redis, questions, count, replies, &is_elsewhere, error) ||
           (is_elsewhere && ask_each(redis, questions, count, replies, error));
}

void redis_call_free(redisReply *replies[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        freeReplyObject(replies[i]);
}

struct redis_call_question redis_call_last_revision(void)
{
    return redis_call_value_of(REDIS_CALL_PREFIX "revision");
}

int64_t redis_call_revision(const redisReply *value)
{
    int64_t revision = 0;

    if (!text_parse_integer(redis_call_text(value->element[0]), &revision) || revision < 0 ||
        revision >= CATALOGUE_REVISION_MAX)
        return 0;
    return revision;
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

static void argv_write(const struct text words[], size_t count, const char *argv[],
                       size_t lengths[])
{
    for (size_t i = 0; i < count; i++) {
        argv[i] = text_is_absent(words[i]) ? "" : words[i].at;
        lengths[i] = words[i].length;
    }
}

static size_t words_of(const struct redis_call_question *question,
                       struct text words[static QUESTION_WORDS])
{
    size_t count = 0;

    words[count++] = TEXT("EVAL");
    words[count++] = text_of(question->script);
    words[count++] = TEXT("1");
    words[count++] = text_of(question->key);
    for (size_t i = 0; i < REDIS_CALL_ARGUMENTS_MAX && !text_is_absent(question->arguments[i]); i++)
        words[count++] = question->arguments[i];
    return count;
}

/* `is_elsewhere` after a failure: ask again, and follow the key. */
static bool ask_together(struct catalogue_redis *redis,
                         const struct redis_call_question questions[], size_t count,
                         redisReply *replies[], bool *is_elsewhere, struct error *error)
{
    struct error further;
    bool is_answered = true;

    for (size_t i = 0; i < count; i++) {
        struct text words[QUESTION_WORDS];
        const char *argv[QUESTION_WORDS];
        size_t lengths[QUESTION_WORDS];
        const size_t word_count = words_of(&questions[i], words);

        argv_write(words, word_count, argv, lengths);
        redis_sessions_append(redis->sessions, REDIS_CALL_KEY, (int)word_count, argv, lengths);
    }
    for (size_t i = 0; i < count; i++) {
        replies[i] =
            redis_sessions_take(redis->sessions, REDIS_CALL_KEY, is_answered ? error : &further);
        if (replies[i] == NULL && is_answered)
            *is_elsewhere = redis_sessions_fault(redis->sessions) == REDIS_SESSION_OF_PLACE;
        is_answered &= replies[i] != NULL;
    }
    return are_answers(questions, count, replies, error);
}

/* All of them, because their order matters. */
static bool ask_each(struct catalogue_redis *redis, const struct redis_call_question questions[],
                     size_t count, redisReply *replies[], struct error *error)
{
    bool is_asked = true;

    for (size_t i = 0; i < count; i++) {
        struct text words[QUESTION_WORDS];

        replies[i] =
            is_asked ? redis_call(redis, words, words_of(&questions[i], words), error) : NULL;
        is_asked = replies[i] != NULL;
    }
    return are_answers(questions, count, replies, error);
}

static bool are_answers(const struct redis_call_question questions[], size_t count,
                        redisReply *replies[], struct error *error)
{
    size_t i = 0;

    while (i < count && replies[i] != NULL &&
           redis_call_is_array(replies[i], questions[i].elements))
        i++;
    if (i == count)
        return true;
    if (replies[i] != NULL)
        (void)error_set(error, "redis: not the answer of the script");
    redis_call_free(replies, count);
    return false;
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
