/* SPDX-License-Identifier: MIT
 *
 * Reads the reply of a script that has decided an operation (take_script.h). It comes from outside,
 * so it is held to its form, and to what can have been asked for. */
#ifndef STORE_TAKE_REPLY_H
#define STORE_TAKE_REPLY_H

#include "store/take_script.h"

#include <hiredis/hiredis.h>

/* Fills *outcome from the reply; false when it is no decision on these limits. If it was refused
 * (TAKE_QUOTA, TAKE_ELSEWHEN), only the status and the time are filled. */
MUST_USE bool take_reply_read(const redisReply *reply, const struct take_arguments *arguments,
                              struct outcome *outcome);

/* Whether the operation with these arguments can have this outcome, because a bit that flips on the
 * way makes another number. */
MUST_USE bool take_reply_explains(const struct take_arguments *arguments,
                                  const struct outcome *outcome);

/* A charge has set an expiry: how long the key had to live before (0 when it was not there), and
 * how long it has now. */
struct take_life {
    int64_t was_us;
    int64_t keep_us;
};

/* The life of each string whose expiry the charge has set, and of the charge in each log, as long
 * as it may stay stored there. By a reply to these arguments that was read before, and that allowed
 * a cost. Returns how many. */
size_t take_reply_lives(const redisReply *reply, const struct take_arguments *arguments,
                        struct take_life lives[static TAKE_SCRIPT_KEYS_MAX]);

/* The key of the first refused state: borrowed from the arguments. By the reply there must be
 * one. */
const char *take_reply_refused_key(const redisReply *reply, const struct take_arguments *arguments);

#endif
