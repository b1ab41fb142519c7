/* SPDX-License-Identifier: MIT
 *
 * A blocking Redis connection for the control plane's threads: connects when first used, again
 * after a failure, and bounds every wait. One thread owns it. */
#ifndef REDIS_REDIS_SESSION_H
#define REDIS_REDIS_SESSION_H

#include "base/error.h"
#include "redis/redis_url.h"

#include <hiredis/hiredis.h>

struct redis_session;

/* Connects to nothing yet, but takes the few descriptors of a loop, see redis_dialer.h: make it
 * while the service starts. `url` is copied. Each connect, send or receive takes at most
 * `timeout_ms`. */
struct redis_session *redis_session_new(const struct redis_url *url, int timeout_ms);
void redis_session_free(struct redis_session *session);

/* Runs one command. Returns a reply that is not an error and that the caller frees with
 * freeReplyObject(), or NULL with `error` set. After an I/O error the connection is dropped; the
 * next call connects anew, but no sooner than 200 ms after a failed connect: until then it fails at
 * once, so a dead Redis cannot make a thread spend all its time connecting. */
MUST_USE redisReply *redis_session_command(struct redis_session *session, struct error *error,
                                           int argc, const char *argv[], const size_t lengths[]);

/* Whose fault the last failure was. */
enum redis_session_fault {
    REDIS_SESSION_OF_REDIS, /* whoever asks next fails, too: no answer, or it refuses everybody */
    REDIS_SESSION_OF_CALL,  /* of what was asked; a reply beyond the bounds, too */
    REDIS_SESSION_OF_KEY    /* of what is at the key, see redis_error_blames_key() */
};

enum redis_session_fault redis_session_fault(const struct redis_session *session);

/* Appends a command to be sent when the first reply is taken. All that was appended is taken before
 * the next command is run. */
void redis_session_append(struct redis_session *session, int argc, const char *argv[],
                          const size_t lengths[]);

/* The reply to the first command that was appended and has not been taken, as
 * redis_session_command() returns it; NULL, too, when a command of its transaction failed. After an
 * I/O error whatever is left of what was appended fails, too. All of it takes at most twice
 * `timeout_ms`, however many replies come, and slowly. */
MUST_USE redisReply *redis_session_take(struct redis_session *session, struct error *error);

/* Takes all replies and drops them. False when any was NULL: `error` and the fault are of the first
 * of those. */
MUST_USE bool redis_session_flush(struct redis_session *session, struct error *error);

#endif
