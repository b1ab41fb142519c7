/* SPDX-License-Identifier: MIT
 *
 * What an error reply says: of Redis as a whole, of the place where it was asked, or of one key or
 * one call. */
#ifndef REDIS_REDIS_ERROR_H
#define REDIS_REDIS_ERROR_H

#include "base/text.h"

/* Its code, the first word: "OOM", "WRONGTYPE". Redis 6 wraps the error of a command that a script
 * has called; it is the code of that. "NOPERM" also where Redis says so in words alone. Borrowed
 * from `reply`, or constant. */
struct text redis_error_code(struct text reply);

/* What of it may be logged: up to where Redis quotes the arguments of a command that it does not
 * know, which may be a user's. Borrowed from `reply`. */
struct text redis_error_told(struct text reply);

enum redis_error_scope {
    REDIS_ERROR_OF_ALL, /* whoever asks next is refused, too, whatever the key; nothing was done */
    REDIS_ERROR_OF_PLACE, /* this server is fine, but not the one for the key; nothing was done */
    REDIS_ERROR_OF_ONE    /* of this key or this call, which may have been done in part */
};

enum redis_error_scope redis_error_scope(struct text reply);

/* Whether `command` is refused as such, by an ACL, a proxy, or a Redis that does not know it, and
 * not the connection, or the moment. Both are strings. */
bool redis_error_is_of_command(const char *reply, const char *command);

/* Whether what is at the key can never be what the command is for: it is of another type, or a
 * stream that takes no more entries. */
bool redis_error_blames_key(struct text reply);

#endif
