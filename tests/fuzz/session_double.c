/* SPDX-License-Identifier: MIT
 *
 * Replaces src/redis/redis_session.c: in this session Redis answers each command with the next
 * reply of replies.h. As in the real one, no caller sees an error reply. */
#include "redis/redis_session.h"

#include "redis/redis_error.h"
#include "replies.h"

static char nothing;
static int appended; /* commands whose replies were not taken yet */
static enum redis_session_fault fault;

struct redis_session *redis_session_new(const struct redis_url *url, int timeout_ms)
{
    (void)url;
    ASSERT(timeout_ms > 0);
    appended = 0;
    return (struct redis_session *)(void *)&nothing;
}

void redis_session_free(struct redis_session *session)
{
    (void)session;
}

redisReply *redis_session_command(struct redis_session *session, struct error *error, int argc,
                                  const char *argv[], const size_t lengths[])
{
    redisReply *reply = replies_next();

    (void)session;
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

enum redis_session_fault redis_session_fault(const struct redis_session *session)
{
    (void)session;
    return fault;
}

void redis_session_append(struct redis_session *session, int argc, const char *argv[],
                          const size_t lengths[])
{
    (void)session;
    (void)lengths;
    for (int i = 0; i < argc; i++)
        ASSERT(argv[i] != NULL);
    appended++;
}

redisReply *redis_session_take(struct redis_session *session, struct error *error)
{
    const char *none[] = {""};

    ASSERT(appended > 0);
    appended--;
    return redis_session_command(session, error, 1, none, NULL);
}

bool redis_session_flush(struct redis_session *session, struct error *error)
{
    bool good = true;

    while (appended > 0) {
        redisReply *reply = redis_session_take(session, error);

        good &= reply != NULL;
        freeReplyObject(reply);
    }
    return good;
}
