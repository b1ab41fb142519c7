/* SPDX-License-Identifier: MIT
 *
 * What an error reply is about: Redis as a whole, the server that was asked, or one key or one
 * call. */
#ifndef REDIS_REDIS_ERROR_H
#define REDIS_REDIS_ERROR_H

#include "base/text.h"

/* The error's code, its first word: "OOM", "WRONGTYPE". Redis 6 wraps the error of a command that a
 * script called; then it is the code of the inner error. It is "NOPERM" also if Redis says that
 * only in words. Borrowed from `reply`, or constant. */
struct text redis_error_code(struct text reply);

/* The part that may be logged. It ends where Redis quotes the arguments of a command that it does
 * not know, because they may be a user's data. Borrowed from `reply`. */
struct text redis_error_told(struct text reply);

/* What Redis says of any command of a cluster if it is in none. */
#define REDIS_ERROR_NO_CLUSTER "cluster support disabled"

enum redis_error_scope {
    REDIS_ERROR_OF_ALL,   /* the next call is refused, too, whatever its key; nothing was done */
    REDIS_ERROR_OF_PLACE, /* this server is fine, but does not serve the key; nothing was done */
    REDIS_ERROR_OF_ONE    /* about this key or this call, which may be done in part */
};

enum redis_error_scope redis_error_scope(struct text reply);

/* Whether `command` itself is refused, by an ACL, a proxy, or a Redis that does not know it. False
 * if the connection or the moment is the cause. Both are strings. */
bool redis_error_is_of_command(const char *reply, const char *command);

/* Whether the key's value can never suit the command: it has another type, or is a stream that
 * takes no more entries. */
bool redis_error_blames_key(struct text reply);

#endif
