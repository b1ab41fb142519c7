/* SPDX-License-Identifier: MIT
 *
 * Replaces src/redis/redis_sessions.c: in these sessions Redis answers each command with the next
 * reply of replies.h. As in the real one, no caller sees an error reply. */
#include "redis/redis_sessions.h"

#include "redis/redis_error.h"
#include "replies.h"

static char nothing;
static int appended; /* commands whose replies were not taken yet */
static enum redis_session_fault fault;

struct redis_sessions *redis_sessions_new(struct redis_topology *topology, int timeout_ms)
{
    (void)topology;
    ASSERT(timeout_ms > 0);
    appended = 0;
    return (struct redis_sessions *)(void *)&nothing;
}

void redis_sessions_free(struct redis_sessions *sessions)
{
    (void)sessions;
}

redisReply *redis_sessions_command(struct redis_sessions *sessions, struct text key,
                                   struct error *error, int argc, const char *argv[],
                                   const size_t lengths[])
{
    redisReply *reply = replies_next();

    (void)sessions;
    (void)key;
    (void)lengths;
    for (int i = 0; i < argc; i++)
        ASSERT(argv[i] != NULL);
    if (reply != NULL && reply->type != REDIS_REPLY_ERROR)
        return reply;
    if (reply == NULL)
        fault = REDIS_SESSION_OF_REDIS;
    else if (redis_error_blames_key((struct text){reply->str, reply->len}))
        fault = REDIS_SESSION_OF_KEY;
    else
        fault = REDIS_SESSION_OF_CALL;
    freeReplyObject(reply);
    (void)error_set(error, "redis: no reply");
    return NULL;
}

enum redis_session_fault redis_sessions_fault(const struct redis_sessions *sessions)
{
    (void)sessions;
    return fault;
}

void redis_sessions_append(struct redis_sessions *sessions, struct text key, int argc,
                           const char *argv[], const size_t lengths[])
{
    (void)sessions;
    (void)key;
    (void)lengths;
    for (int i = 0; i < argc; i++)
        ASSERT(argv[i] != NULL);
    appended++;
}

redisReply *redis_sessions_take(struct redis_sessions *sessions, struct text key,
                                struct error *error)
{
    const char *none[] = {""};

    ASSERT(appended > 0);
    appended--;
    return redis_sessions_command(sessions, key, error, 1, none, NULL);
}

bool redis_sessions_flush(struct redis_sessions *sessions, struct error *error)
{
    bool good = true;

    while (appended > 0) {
        redisReply *reply = redis_sessions_take(sessions, TEXT(""), error);

        good &= reply != NULL;
        freeReplyObject(reply);
    }
    return good;
}

bool redis_sessions_rests(struct redis_sessions *sessions, struct text key)
{
    (void)sessions;
    (void)key;
    return false;
}

void redis_sessions_rest(struct redis_sessions *sessions, const struct error *error)
{
    (void)sessions;
    (void)error;
}

void redis_sessions_wake(struct redis_sessions *sessions)
{
    (void)sessions;
}
