/* SPDX-License-Identifier: MIT
 *
 * The entries of a stream, see feed.c, as the log that callers read. */
#ifndef JOURNAL_FEED_ENTRIES_H
#define JOURNAL_FEED_ENTRIES_H

#include "journal/record.h"

#include <hiredis/hiredis.h>

/* Writes a JSON array of those that `filter` takes, newest first, into `arena`. `reply` is what
 * XREVRANGE answered; what is no entry of ours is passed over. */
void feed_entries_write(const redisReply *reply, const struct record_filter *filter,
                        struct arena *arena, struct text *entries);

#endif
