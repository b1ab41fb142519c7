/* SPDX-License-Identifier: MIT
 *
 * The input as what a Redis, or whoever sits between it and us, sends: through hiredis' reader, as
 * the service reads it. */
#ifndef TESTS_FUZZ_REPLIES_H
#define TESTS_FUZZ_REPLIES_H

#include "base/text.h"

#include <hiredis/hiredis.h>

/* Starts to read `bytes`, which are borrowed. */
void replies_begin(struct text bytes);
void replies_end(void);

/* The next reply, which the caller frees with freeReplyObject(); NULL when there is no further one,
 * or the bytes break the protocol. */
MUST_USE redisReply *replies_next(void);

#endif
