/* SPDX-License-Identifier: MIT */
#include "feed_script.h"

#include "journal/ring.h"

#define WORDS_BEFORE ((size_t)6)
#define WORD_OF_KEY  3
#define WORDS_MAX    (WORDS_BEFORE + (size_t)2 * JOURNAL_RECORDS)

/* KEYS: stream; ARGV: length, expiry, then each entry and its origin. */
static const char add_script[] =
    "for i = 3, #ARGV, 2 do\n"
    "  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'e', ARGV[i], 'o', ARGV[i + 1])\n"
    "end\n"
    "return redis.call('EXPIRE', KEYS[1], ARGV[2])\n";

void feed_script_init(struct feed_script *script, const char *length, const char *expiry)
{
    const char *words[WORDS_BEFORE] = {"EVAL", add_script, "1", NULL, length, expiry};

    *script = (struct feed_script){.count = WORDS_BEFORE};
    script->words = ARENA_ARRAY(&script->arena, const char *, WORDS_MAX);
    memcpy(script->words, words, sizeof(words));
}

void feed_script_close(struct feed_script *script)
{
    arena_close(&script->arena);
}

void feed_script_add(struct feed_script *script, const char *entry, const char *origin)
{
    ASSERT(script->count + 2 <= WORDS_MAX);
    script->words[script->count++] = text_copy(&script->arena, text_of(entry)).at;
    script->words[script->count++] = text_copy(&script->arena, text_of(origin)).at;
}

bool feed_script_run(struct feed_script *script, struct redis_sessions *sessions, const char *key,
                     struct error *error)
{
    if (script->count == WORDS_BEFORE)
        return true;
    script->words[WORD_OF_KEY] = key;
    redisReply *reply = redis_sessions_command(sessions, text_of(key), error, (int)script->count,
                                               script->words, NULL);
    freeReplyObject(reply);
    return reply != NULL;
}
