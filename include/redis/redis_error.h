/* SPDX-License-Identifier: MIT
 *
 * What an error reply says: that Redis as a whole cannot, or something of one key or one call. */
#ifndef REDIS_REDIS_ERROR_H
#define REDIS_REDIS_ERROR_H

#include "base/text.h"

/* Its code, the first word: "OOM", "WRONGTYPE". Redis 6 wraps the error of a command that a script
 * has called; it is the code of that. Borrowed from `reply`. */
struct text redis_error_code(struct text reply);

/* Whether whoever asks next is refused like this one, whatever the key: there is no memory, no right,
 * no master. What was asked has not been done. */
bool redis_error_is_of_all(struct text reply);

#endif
