/* SPDX-License-Identifier: MIT
 *
 * A spool of lines for standard error, and the one thread that writes them and may be blocked. A
 * caller that gives a line waits only for a short lock, and allocates nothing. Private to log.c. */
#ifndef BASE_LOG_SPOOL_H
#define BASE_LOG_SPOOL_H

#include "base/text.h"

/* Size of each of two halves: one is written while the other fills. */
#define LOG_SPOOL_BYTES ((size_t)64 * 1024)

/* Writes at once, on the spool's thread, that so many lines are missing. False if it cannot. */
typedef bool log_spool_tell_fn(uint64_t dropped);

/* Starts the thread, which sleeps while there is nothing to write. There must be no such thread
 * yet. */
void log_spool_start(log_spool_tell_fn *tell);

/* Ends the thread when all lines have been written. If that takes longer than `wait_us`, leaves it
 * running. Any thread, also the spool's own, and several times. Does nothing without the thread. */
void log_spool_end(int64_t wait_us);

/* False if no thread writes lines: before the start, and after the end unless the thread was left
 * running. Then the caller must write the line. A line without room is dropped. Any thread. */
MUST_USE bool log_spool_give(struct text line);

/* Counts a line that could not be written. Any thread. */
void log_spool_count_dropped(void);

/* Lines dropped so far, for any reason. Any thread. */
uint64_t log_spool_dropped(void);

#endif
