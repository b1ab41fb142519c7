/* SPDX-License-Identifier: MIT
 *
 * The input as bytes that Redis sends, or somebody between Redis and us. hiredis' reader reads it,
 * as in the service. */
#ifndef TESTS_FUZZ_REPLIES_H
#define TESTS_FUZZ_REPLIES_H

#include "base/text.h"

#include <hiredis/hiredis.h>

/* Begins to read `bytes`, which are borrowed. */
void replies_begin(struct text bytes);
void replies_end(void);

/* The next reply, which the caller frees with freeReplyObject(). NULL when there are no more, or
 * when the bytes break the protocol. */
MUST_USE redisReply *replies_next(void);

#endif
