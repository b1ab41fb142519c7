/* SPDX-License-Identifier: MIT */
#include "redis/redis_session.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "redis/redis_bounds.h"
#include "redis/redis_command.h"
#include "redis/redis_dialer.h"
#include "redis/redis_error.h"
#include "redis/redis_greeting.h"
#include "redis/redis_tls.h"

#include <errno.h>
#include <poll.h>

#define HOLD_OFF_US (200 * MILLISECOND_US)
#define READS_MAX   30 /* timeouts that a reply may take beyond its first */
#define NEVER       INT64_MAX
/* Fits the longest redirection, which has a host's name. */
#define REFUSAL_BYTES ((size_t)320)
/* The longest replies are an hour of an app's usage, with one or two values per minute and
 * instance, and an app's 1,000 policies. The most values has CLUSTER SLOTS: 18 for each slot, if all
 * are ranges of their own, and their master has two replicas. */
#define REPLY_VALUES_MAX ((size_t)320 * 1024)
#define REPLY_BYTES_MAX  ((size_t)64 * 1024 * 1024)

struct redis_session {
    struct redis_endpoint endpoint;
    struct redis_access access;
    int timeout_ms;
    struct redis_dialer *dialer;
    struct redis_command command; /* the appended command */
    redisContext *context;        /* NULL: not connected */
    struct redis_bounds bounds;   /* for its replies */
    int64_t connect_after_us;     /* no connect before this, after a failed one */
    struct error failure;         /* why that failed */
    size_t pending;               /* appended commands whose replies are not taken yet */
    bool is_broken;               /* the pending ones are lost; `failure` says why */
    int64_t answer_by_us; /* deadline of the pending ones; NEVER until the first reply is taken */
    enum redis_session_fault fault;
    bool is_demoted; /* it said that it is a replica now, so the connection is of no use */
    size_t refusal_length;
    char refusal[REFUSAL_BYTES]; /* the error reply of the last failure */
};

static bool connect_if_needed(struct redis_session *session, struct error *error);
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
static bool lose(struct redis_session *session, struct error *error);
static bool get_reply(struct redis_session *session, void **reply);
static bool read_more(struct redis_session *session, void **reply);
static bool write_all(struct redis_session *session);
static int64_t wait_end_us(const struct redis_session *session);
static bool wait_until(struct redis_session *session, int64_t by_us);
static bool get_message(struct redis_session *session, void **message);
static bool has_come(const redisContext *context);
static bool is_late(struct redis_session *session);
static bool blame_time(struct redis_session *session);
static void drop_context(struct redis_session *session);

struct redis_session *redis_session_new(struct redis_dialer *dialer,
                                        const struct redis_endpoint *endpoint,
                                        const struct redis_access *access, int timeout_ms)
{
    struct redis_session *session = MEMORY_NEW(struct redis_session);

    session->dialer = dialer;
    session->endpoint = *endpoint;
    session->access = *access;
    session->timeout_ms = timeout_ms;
    session->answer_by_us = NEVER;
    return session;
}

void redis_session_free(struct redis_session *session)
{
    if (session == NULL)
        return;
    drop_context(session);
    redis_command_close(&session->command);
    free(session);
}

redisReply *redis_session_command(struct redis_session *session, struct error *error, int argc,
                                  const char *argv[], const size_t lengths[])
{
    redisReply *reply = NULL;

    /* The replies to appended commands would come first. */
    ASSERT(session->pending == 0);
    if (!connect_if_needed(session, error))
        return NULL;
    if (redisAppendCommandArgv(session->context, argc, argv, lengths) != REDIS_OK) {
        error_set(error, "redis: %s", session->context->errstr);
        drop_context(session);
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

void redis_session_append(struct redis_session *session, int argc, const char *argv[],
                          const size_t lengths[])
{
    session->pending++;
    /* Commands that belong together must not be sent in part. */
    if (session->is_broken)
        return;
    session->is_broken = !connect_if_needed(session, &session->failure);
    if (session->is_broken)
        return;
    const struct text command = redis_command_write(&session->command, argc, argv, lengths);
    if (redisAppendFormattedCommand(session->context, command.at, command.length) != REDIS_OK) {
        error_set(&session->failure, "redis: %s", session->context->errstr);
        drop_context(session);
        session->is_broken = true;
    }
}

/* The time for the replies begins when the first is taken. */
void redis_session_send(struct redis_session *session)
{
    if (session->pending == 0 || session->is_broken)
        return;
    session->answer_by_us = clock_monotonic_us() + session->timeout_ms * MILLISECOND_US;
    errno = 0;
    if (!write_all(session))
        session->is_broken = !lose(session, &session->failure);
    session->answer_by_us = NEVER;
}

redisReply *redis_session_take(struct redis_session *session, struct error *error)
{
    redisReply *reply = NULL;

    ASSERT(session->pending > 0);
    if (session->answer_by_us == NEVER)
        session->answer_by_us = clock_monotonic_us() + session->timeout_ms * MILLISECOND_US;
    if (!session->is_broken)
        session->is_broken = !read_reply(session, &reply, &session->failure);
    if (session->is_broken)
        *error = session->failure;
    if (--session->pending == 0) {
        session->is_broken = false;
        session->answer_by_us = NEVER;
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
    return session->context == NULL ? -1 : session->context->fd;
}

bool redis_session_hear(struct redis_session *session, redisReply **message, struct error *error)
{
    void *read = NULL;

    ASSERT(session->pending == 0);
    *message = NULL;
    if (session->context == NULL)
        return error_set(error, "redis: not connected");
    errno = 0;
    if (!get_message(session, &read))
        return lose(session, error);
    *message = read;
    return true;
}

enum redis_session_fault redis_session_fault(const struct redis_session *session)
{
    return session->fault;
}

struct text redis_session_refusal(const struct redis_session *session)
{
    if (session->refusal_length == 0)
        return (struct text){0};
    return (struct text){session->refusal, session->refusal_length};
}

static bool connect_if_needed(struct redis_session *session, struct error *error)
{
    session->fault = REDIS_SESSION_OF_REDIS;
    session->refusal_length = 0;
    if (session->context != NULL)
        return true;
    if (clock_monotonic_us() < session->connect_after_us) {
        *error = session->failure;
        return false;
    }
    if (session_connect(session, error))
        return true;
    session->fault = REDIS_SESSION_OF_REDIS;
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
        drop_context(session);
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

static bool session_connect(struct redis_session *session, struct error *error)
{
    const struct timeval timeout = duration_timeval(session->timeout_ms * MILLISECOND_US);
    struct error cause = {0};
    char where[REDIS_ENDPOINT_BYTES];

    redis_endpoint_write(&session->endpoint, where);
    const int fd =
        redis_dialer_dial(session->dialer, &session->endpoint, session->timeout_ms, &cause);
    if (fd < 0)
        return error_set(error, "cannot connect to redis at %s: %s", where, cause.message);
    session->context = redisConnectFd(fd);
    ASSERT(session->context != NULL && session->context->err == 0);
    if (redisSetTimeout(session->context, timeout) != REDIS_OK) {
        error_set(error, "cannot connect to redis at %s: no timeout on the socket", where);
        drop_context(session);
        return false;
    }
    if (session->access.tls != NULL &&
        !redis_tls_begin(session->access.tls, session->context, session->endpoint.host, &cause)) {
        error_set(error, "redis: %s", cause.message);
        drop_context(session);
        return false;
    }
    session->bounds =
        (struct redis_bounds){.values_max = REPLY_VALUES_MAX, .bytes_max = REPLY_BYTES_MAX};
    redis_bounds_hold(&session->bounds, session->context->reader);
    if (!greet(session, error)) {
        drop_context(session);
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
    (void)redisAppendCommandArgv(session->context, argc, argv, NULL);
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
    void *read = NULL;

    errno = 0;
    session->refusal_length = 0;
    if (!get_reply(session, &read))
        return lose(session, error);
    *reply = read;
    return true;
}

/* After an I/O error: says why, and closes the connection. Always false. */
static bool lose(struct redis_session *session, struct error *error)
{
    redisContext *context = session->context;

    session->fault = context->err == REDIS_ERR_OOM ? REDIS_SESSION_OF_CALL : REDIS_SESSION_OF_REDIS;
    if (context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        error_set(error, "redis: no %s within %d ms",
                  redis_tls_is_beginning(context) ? "TLS handshake" : "answer",
                  session->timeout_ms);
    } else {
        redis_tls_explain(context);
        error_set(error, "redis: %s", redis_bounds_explain(context));
    }
    drop_context(session);
    return false;
}

/* Like redisGetReply(), but bounded. */
static bool get_reply(struct redis_session *session, void **reply)
{
    redisContext *context = session->context;

    if (redisGetReplyFromReader(context, reply) != REDIS_OK)
        return false;
    if (*reply == NULL && !write_all(session))
        return false;
    const int64_t by_us = wait_end_us(session);
    while (*reply == NULL) {
        if (!read_more(session, reply) || (*reply == NULL && !wait_until(session, by_us)))
            return false;
    }
    return true;
}

/* One read. *reply stays NULL unless it has brought the rest of one. */
static bool read_more(struct redis_session *session, void **reply)
{
    redisContext *context = session->context;

    if (redis_bounds_are_passed(&session->bounds, context->reader)) {
        context->err = REDIS_ERR_OOM; /* as hiredis would call it */
        return false;
    }
    redis_tls_prepare(context);
    return !is_late(session) && redisBufferRead(context) == REDIS_OK &&
           redisGetReplyFromReader(context, reply) == REDIS_OK;
}

/* With TLS, the handshake is part of the first. */
static bool write_all(struct redis_session *session)
{
    const int64_t by_us = wait_end_us(session);
    int is_sent = 0;

    while (!is_sent) {
        redis_tls_prepare(session->context);
        if (is_late(session) || redisBufferWrite(session->context, &is_sent) != REDIS_OK)
            return false;
        if (!is_sent && !wait_until(session, by_us))
            return false;
    }
    return true;
}

static int64_t wait_end_us(const struct redis_session *session)
{
    const int64_t by_us = clock_monotonic_us() + session->timeout_ms * MILLISECOND_US;

    return by_us < session->answer_by_us ? by_us : session->answer_by_us;
}

/* A socket without TLS blocks, and each read has its timeout. A long reply may need some of them,
 * but one that comes byte by byte must end, too. */
static bool wait_until(struct redis_session *session, int64_t by_us)
{
    const int64_t more_us =
        session->access.tls == NULL ? READS_MAX * session->timeout_ms * MILLISECOND_US : 0;

    return (clock_monotonic_us() < by_us + more_us && redis_tls_wait(session->context, by_us)) ||
           blame_time(session);
}

/* NULL when there is no whole one. An earlier read may have brought it. */
static bool get_message(struct redis_session *session, void **message)
{
    redisContext *context = session->context;

    if (redisGetReplyFromReader(context, message) != REDIS_OK)
        return false;
    while (*message == NULL && has_come(context)) {
        if (!read_more(session, message))
            return false;
    }
    return true;
}

/* Anything, or the end. */
static bool has_come(const redisContext *context)
{
    struct pollfd socket = {.fd = context->fd, .events = POLLIN};

    return redis_tls_has_more(context) || poll(&socket, 1, 0) > 0;
}

/* Each read has its timeout. Many replies that come slowly have one, too. */
static bool is_late(struct redis_session *session)
{
    return clock_monotonic_us() >= session->answer_by_us && !blame_time(session);
}

/* As hiredis would do it. Always false. */
static bool blame_time(struct redis_session *session)
{
    session->context->err = REDIS_ERR_IO;
    errno = EAGAIN;
    return false;
}

static void drop_context(struct redis_session *session)
{
    if (session->context != NULL)
        redisFree(session->context);
    session->context = NULL;
    session->is_demoted = false;
}
