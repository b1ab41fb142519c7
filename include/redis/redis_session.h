/* SPDX-License-Identifier: MIT
 *
 * A blocking Redis connection for the control plane's threads. It connects on first use and after a
 * failure, and bounds every wait. One thread owns it. */
#ifndef REDIS_REDIS_SESSION_H
#define REDIS_REDIS_SESSION_H

#include "base/error.h"
#include "base/text.h"
#include "redis/redis_access.h"
#include "redis/redis_endpoint.h"

#include <hiredis/hiredis.h>

struct redis_dialer;
struct redis_session;

/* Does not connect yet. `dialer` is borrowed; sessions of one thread may share it. A send
 * takes at most `timeout_ms`, and to connect at most twice that. A reply must begin within
 * `timeout_ms`, and then go on at 4 KiB per `timeout_ms` at least; none takes longer than 31 times
 * that. Never NULL. */
struct redis_session *redis_session_new(struct redis_dialer *dialer,
                                        const struct redis_endpoint *endpoint,
                                        const struct redis_access *access, int timeout_ms);
void redis_session_free(struct redis_session *session);

/* All that redis_session_command() does from now on ends by then (clock_monotonic_us()), however
 * slowly answers come. Nothing may be appended. */
void redis_session_end_by(struct redis_session *session, int64_t by_us);

/* Runs one command. Returns a reply that is no error, which the caller frees with
 * freeReplyObject(), or NULL with `error` set. After an I/O error the connection is dropped, and
 * the next call connects anew; the same after READONLY, if a master is needed. Within 200 ms of a
 * failed connect it fails at once, so that a thread does not spend all its time connecting to a
 * dead Redis. */
MUST_USE redisReply *redis_session_command(struct redis_session *session, struct error *error,
                                           int argc, const char *argv[], const size_t lengths[]);

/* Whose fault the last failure was. */
enum redis_session_fault {
    REDIS_SESSION_OF_REDIS, /* the next call fails, too: no answer, or all are refused */
    REDIS_SESSION_OF_NODE,  /* the same, but only of one server of a cluster */
    REDIS_SESSION_OF_PLACE, /* another server has the key: nothing was done, so ask again soon */
    REDIS_SESSION_OF_CALL,  /* of this call, also if the reply was beyond the bounds */
    REDIS_SESSION_OF_KEY    /* of the key's value, see redis_error_blames_key() */
};

/* Never REDIS_SESSION_OF_NODE, which only redis_sessions.h tells apart. If a command makes EXEC
 * fail, that command's fault stays. */
enum redis_session_fault redis_session_fault(const struct redis_session *session);

/* The error reply that was the last failure; absent if there was no reply. A long one is cut.
 * Borrowed until the next call. */
struct text redis_session_refusal(const struct redis_session *session);

/* Whether the last failure was that it could not be connected to, or did not answer in time. */
bool redis_session_is_silent(const struct redis_session *session);

/* To be called before the first command after a while, but not on a subscription: if the connection
 * has ended meanwhile, or something came that nobody asked for, it is dropped, and the command
 * connects anew. Never waits. */
void redis_session_drop_stale(struct redis_session *session);

/* Appends a command, which is sent when the first reply is taken. Never waits. All replies must be
 * taken before the next redis_session_command(). */
void redis_session_append(struct redis_session *session, int argc, const char *argv[],
                          const size_t lengths[]);

/* Connects if needed, and sends what is appended, without waiting for replies. All of that and all
 * replies end by `by_us` (clock_monotonic_us()): what has come by then can still be taken. A
 * failure shows when they are taken. */
void redis_session_send(struct redis_session *session, int64_t by_us);

/* Whether something is appended that was neither sent nor given up. */
bool redis_session_has_unsent(const struct redis_session *session);

/* Instead of sending: all that is appended fails for this reason. */
void redis_session_give_up(struct redis_session *session, const struct error *reason);

/* Takes the reply to the oldest appended command that has none yet, and returns it as
 * redis_session_command() does; also NULL when a command of its transaction failed. After an I/O
 * error all other appended commands fail, too. All replies together take at most twice
 * `timeout_ms`, however many they are and however slowly they come. */
MUST_USE redisReply *redis_session_take(struct redis_session *session, struct error *error);

/* Takes all replies and drops them. False when any was NULL: then `error` and the fault are of the
 * first of those. */
MUST_USE bool redis_session_flush(struct redis_session *session, struct error *error);

/* To hear a subscription, which was made by redis_session_command(). The descriptor to wait on, or
 * -1 when there is no connection. */
int redis_session_fd(const struct redis_session *session);

/* Takes the oldest message that has come, and NULL if there is none: then wait until the descriptor
 * is readable. Never waits. False after an I/O error: then the
 * connection is dropped, and the subscription with it. The caller frees the message. */
MUST_USE bool redis_session_hear(struct redis_session *session, redisReply **message,
                                 struct error *error);

#endif
