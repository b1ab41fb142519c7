/* SPDX-License-Identifier: MIT */
#include "redis/redis_session.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "redis/redis_command.h"
#include "redis/redis_dialer.h"
#include "redis/redis_error.h"
#include "redis/redis_greeting.h"
#include "redis_channel.h"

#define HOLD_OFF_US (200 * MILLISECOND_US)
/* Fits the longest redirection, which has a host's name. */
#define REFUSAL_BYTES  ((size_t)320)
#define OUTGOING_BYTES ((size_t)1024)

struct redis_session {
    struct redis_endpoint endpoint;
    struct redis_access access;
    struct redis_dialer *dialer;
    struct redis_command command; /* the appended command */
    struct arena arena;           /* of `outgoing` */
    struct buffer outgoing;       /* the appended commands that are not sent yet */
    struct redis_channel channel; /* its waiting has an end for pending commands that were sent */
    int64_t connect_after_us;     /* no connect before this, after a failed one */
    struct error failure;         /* why that failed */
    size_t pending;               /* appended commands whose replies are not taken yet */
    bool is_broken;               /* the pending ones are lost; `failure` says why */
    enum redis_session_fault fault;
    bool is_silent;
    bool is_demoted; /* it said that it is a replica now, so the connection is of no use */
    size_t refusal_length;
    char refusal[REFUSAL_BYTES]; /* the error reply of the last failure */
};

static bool send_appended(struct redis_session *session);
static void drop_outgoing(struct redis_session *session);
static bool connect_if_needed(struct redis_session *session, struct error *error);
static bool connect_in_time(struct redis_session *session, struct error *error);
static bool session_connect(struct redis_session *session, struct error *error);
static bool greet(struct redis_session *session, struct error *error);
static redisReply *ask(struct redis_session *session, int argc, const char *argv[],
                       struct error *error);
static bool is_of_use(const redisReply *pong, struct error *error);
static bool fail(struct redis_session *session, const redisReply *reply, struct error *error);
static enum redis_session_fault fault_of(const struct redis_session *session, struct text said);
static void drop_if_demoted(struct redis_session *session);
static const redisReply *error_in(const redisReply *reply);
static bool read_reply(struct redis_session *session, redisReply **reply, struct error *error);
static bool lose(struct redis_session *session);
static void drop_connection(struct redis_session *session);

struct redis_session *redis_session_new(struct redis_dialer *dialer,
                                        const struct redis_endpoint *endpoint,
                                        const struct redis_access *access, int timeout_ms)
{
    struct redis_session *session = MEMORY_NEW(struct redis_session);

    session->dialer = dialer;
    session->endpoint = *endpoint;
    session->access = *access;
    redis_channel_init(&session->channel, timeout_ms);
    return session;
}

void redis_session_free(struct redis_session *session)
{
    if (session == NULL)
        return;
    drop_connection(session);
    drop_outgoing(session);
    redis_command_close(&session->command);
    free(session);
}

void redis_session_end_by(struct redis_session *session, int64_t by_us)
{
    ASSERT(session->pending == 0);
    session->channel.end_us = by_us;
}

redisReply *redis_session_command(struct redis_session *session, struct error *error, int argc,
                                  const char *argv[], const size_t lengths[])
{
    redisReply *reply = NULL;

    /* The replies to appended commands would come first. */
    ASSERT(session->pending == 0);
    if (!connect_if_needed(session, error))
        return NULL;
    if (redisAppendCommandArgv(session->channel.context, argc, argv, lengths) != REDIS_OK) {
        error_set(error, "redis: %s", session->channel.context->errstr);
        drop_connection(session);
        return NULL;
    }
    if (!read_reply(session, &reply, error))
        return NULL;
    if (reply->type == REDIS_REPLY_ERROR) {
        fail(session, reply, error);
        freeReplyObject(reply);
        drop_if_demoted(session);
        return NULL;
    }
    return reply;
}

void redis_session_drop_stale(struct redis_session *session)
{
    ASSERT(session->pending == 0);
    redis_channel_close_if_stale(&session->channel);
}

void redis_session_append(struct redis_session *session, int argc, const char *argv[],
                          const size_t lengths[])
{
    session->pending++;
    if (session->outgoing.length == 0)
        buffer_init(&session->outgoing, &session->arena, OUTGOING_BYTES);
    buffer_add(&session->outgoing, redis_command_write(&session->command, argc, argv, lengths));
}

void redis_session_send(struct redis_session *session, int64_t by_us)
{
    if (session->outgoing.length == 0)
        return;
    session->channel.end_us = by_us;
    /* Commands that belong together must not be sent in part. */
    if (!session->is_broken)
        session->is_broken = !send_appended(session);
    drop_outgoing(session);
}

bool redis_session_has_unsent(const struct redis_session *session)
{
    return session->outgoing.length > 0;
}

void redis_session_give_up(struct redis_session *session, const struct error *reason)
{
    drop_outgoing(session);
    session->fault = REDIS_SESSION_OF_REDIS;
    session->refusal_length = 0;
    session->is_silent = false;
    session->failure = *reason;
    session->is_broken = true;
}

redisReply *redis_session_take(struct redis_session *session, struct error *error)
{
    redisReply *reply = NULL;

    ASSERT(session->pending > 0);
    redis_session_send(session, session->channel.end_us);
    if (!session->is_broken)
        session->is_broken = !read_reply(session, &reply, &session->failure);
    if (session->is_broken)
        *error = session->failure;
    if (--session->pending == 0) {
        session->is_broken = false;
        session->channel.end_us = REDIS_CHANNEL_FOREVER;
    }
    const redisReply *refusal = reply == NULL ? NULL : error_in(reply);
    if (refusal != NULL) {
        fail(session, refusal, error);
        freeReplyObject(reply);
        reply = NULL;
    }
    drop_if_demoted(session);
    return reply;
}

bool redis_session_flush(struct redis_session *session, struct error *error)
{
    enum redis_session_fault fault = session->fault;
    struct error further;
    bool succeeded = true;

    while (session->pending > 0) {
        redisReply *reply = redis_session_take(session, succeeded ? error : &further);

        if (reply == NULL && succeeded)
            fault = session->fault;
        succeeded &= reply != NULL;
        freeReplyObject(reply);
    }
    session->fault = fault;
    return succeeded;
}

int redis_session_fd(const struct redis_session *session)
{
    return session->channel.context == NULL ? -1 : session->channel.context->fd;
}

bool redis_session_hear(struct redis_session *session, redisReply **message, struct error *error)
{
    ASSERT(session->pending == 0);
    *message = NULL;
    if (session->channel.context == NULL)
        return error_set(error, "redis: not connected");
    return redis_channel_hear(&session->channel, message, error) || lose(session);
}

enum redis_session_fault redis_session_fault(const struct redis_session *session)
{
    return session->fault;
}

bool redis_session_is_silent(const struct redis_session *session)
{
    return session->is_silent;
}

struct text redis_session_refusal(const struct redis_session *session)
{
    if (session->refusal_length == 0)
        return (struct text){0};
    return (struct text){session->refusal, session->refusal_length};
}

/* The time for the replies begins when they are sent, unless something else ends it. */
static bool send_appended(struct redis_session *session)
{
    if (!connect_if_needed(session, &session->failure))
        return false;
    redisContext *context = session->channel.context;
    if (session->channel.end_us == REDIS_CHANNEL_FOREVER)
        session->channel.end_us =
            clock_monotonic_us() + session->channel.timeout_ms * MILLISECOND_US;
    if (redisAppendFormattedCommand(context, session->outgoing.at, session->outgoing.length) !=
        REDIS_OK) {
        error_set(&session->failure, "redis: %s", context->errstr);
        drop_connection(session);
        return false;
    }
    return redis_channel_write(&session->channel, &session->failure) || lose(session);
}

static void drop_outgoing(struct redis_session *session)
{
    arena_close(&session->arena);
    session->outgoing = (struct buffer){0};
}

static bool connect_if_needed(struct redis_session *session, struct error *error)
{
    session->fault = REDIS_SESSION_OF_REDIS;
    session->refusal_length = 0;
    session->is_silent = false;
    if (session->channel.context != NULL)
        return true;
    session->is_silent = true;
    if (clock_monotonic_us() < session->connect_after_us) {
        *error = session->failure;
        return false;
    }
    if (connect_in_time(session, error)) {
        session->is_silent = false;
        return true;
    }
    session->fault = REDIS_SESSION_OF_REDIS;
    session->is_silent = true;
    session->connect_after_us = clock_monotonic_us() + HOLD_OFF_US;
    session->failure = *error;
    return false;
}

/* Notes the fault of an error reply. */
static bool fail(struct redis_session *session, const redisReply *reply, struct error *error)
{
    const struct text said = {reply->str, reply->len};
    const struct text told = redis_error_told(said);

    session->fault = fault_of(session, said);
    session->refusal_length = said.length < REFUSAL_BYTES ? said.length : REFUSAL_BYTES;
    memcpy(session->refusal, said.at, session->refusal_length);
    if (session->access.needs_master && text_equal(redis_error_code(said), TEXT("READONLY")))
        session->is_demoted = true;
    return error_set(error, "redis: %.*s", TEXT_PRINTF(told));
}

/* EXECABORT says nothing itself: a command before it was refused. */
static enum redis_session_fault fault_of(const struct redis_session *session, struct text said)
{
    const struct text code = redis_error_code(said);

    if (redis_error_blames_key(said))
        return REDIS_SESSION_OF_KEY;
    if (text_equal(code, TEXT("EXECABORT")))
        return session->fault;
    if (text_equal(code, TEXT("CROSSSLOT")))
        return REDIS_SESSION_OF_CALL;
    switch (redis_error_scope(said)) {
    case REDIS_ERROR_OF_ALL:
        return REDIS_SESSION_OF_REDIS;
    case REDIS_ERROR_OF_PLACE:
        return REDIS_SESSION_OF_PLACE;
    case REDIS_ERROR_OF_ONE:
        break;
    }
    return REDIS_SESSION_OF_CALL;
}

/* The next connect asks for its role. The replies to what is pending come first. */
static void drop_if_demoted(struct redis_session *session)
{
    if (session->is_demoted && session->pending == 0)
        drop_connection(session);
}

/* The reply itself, or the reply to a command of a transaction; NULL: there is no error. */
static const redisReply *error_in(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return reply;
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR)
            return reply->element[i];
    }
    return NULL;
}

/* Each of the greeting's answers may come slowly, so all have an end. */
static bool connect_in_time(struct redis_session *session, struct error *error)
{
    const int64_t end_us = session->channel.end_us;
    const int64_t by_us = clock_monotonic_us() + 2 * session->channel.timeout_ms * MILLISECOND_US;

    if (by_us < end_us)
        session->channel.end_us = by_us;
    const bool is_connected = session_connect(session, error);
    session->channel.end_us = end_us;
    return is_connected;
}

static bool session_connect(struct redis_session *session, struct error *error)
{
    if (!redis_channel_open(&session->channel, session->dialer, &session->endpoint,
                            session->access.tls, error))
        return false;
    if (!greet(session, error)) {
        drop_connection(session);
        return false;
    }
    redis_dialer_trust(session->dialer);
    return true;
}

/* PING comes last, so that a server that does not answer, or is no Redis, is not taken for one. */
static bool greet(struct redis_session *session, struct error *error)
{
    struct redis_greeting greeting;
    bool is_accepted = true;

    redis_greeting_init(&greeting, &session->access);
    for (size_t i = 0; i < greeting.count && is_accepted; i++) {
        struct redis_greeting_command *command = &greeting.commands[i];
        redisReply *reply = ask(session, command->argc, command->argv, error);

        is_accepted = reply != NULL && redis_greeting_accept(command, reply, error);
        freeReplyObject(reply);
    }
    if (!is_accepted)
        return false;
    redisReply *pong = ask(session, 1, (const char *[]){"PING"}, error);
    is_accepted = pong != NULL && is_of_use(pong, error);
    freeReplyObject(pong);
    return is_accepted;
}

/* NULL after an I/O error; then the connection is closed. */
static redisReply *ask(struct redis_session *session, int argc, const char *argv[],
                       struct error *error)
{
    redisReply *reply = NULL;

    /* A failed append shows as a failed read. */
    (void)redisAppendCommandArgv(session->channel.context, argc, argv, NULL);
    return read_reply(session, &reply, error) ? reply : NULL;
}

/* An ACL may forbid PING, and a Redis that cannot write to its disk refuses it, too. */
static bool is_of_use(const redisReply *pong, struct error *error)
{
    if (pong->type == REDIS_REPLY_STATUS)
        return true;
    if (pong->type != REDIS_REPLY_ERROR)
        return error_set(error, REDIS_GREETING_NO_REDIS);
    if (text_equal(redis_error_code(text_of(pong->str)), TEXT("LOADING")))
        return error_set(error, "redis: %s", pong->str);
    return true;
}

/* False after an I/O error; then the connection is closed. */
static bool read_reply(struct redis_session *session, redisReply **reply, struct error *error)
{
    session->refusal_length = 0;
    return redis_channel_read(&session->channel, reply, error) || lose(session);
}

/* After an I/O error, which has closed the connection. Always false. */
static bool lose(struct redis_session *session)
{
    session->fault = session->channel.loss == REDIS_CHANNEL_BEYOND ? REDIS_SESSION_OF_CALL
                                                                   : REDIS_SESSION_OF_REDIS;
    session->is_silent = session->channel.loss == REDIS_CHANNEL_SILENT;
    session->is_demoted = false;
    return false;
}

static void drop_connection(struct redis_session *session)
{
    redis_channel_close(&session->channel);
    session->is_demoted = false;
}
