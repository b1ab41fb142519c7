/* SPDX-License-Identifier: MIT
 *
 * Lines on their way to standard error, and the one thread that writes them and may be blocked by
 * it. Whoever gives a line waits for a short lock alone, and allocates nothing. Private to
 * log.c. */
#ifndef BASE_LOG_SPOOL_H
#define BASE_LOG_SPOOL_H

#include "base/text.h"

/* What may wait, twice: one part is being written while the other fills. */
#define LOG_SPOOL_BYTES ((size_t)64 * 1024)

/* Writes at once, on the spool's thread, that so many lines are missing; false when it cannot. */
typedef bool log_spool_tell_fn(uint64_t dropped);

/* Starts the thread, which sleeps while there is nothing to write. Not while there is one. */
void log_spool_start(log_spool_tell_fn *tell);

/* Ends the thread when all lines have been written, or leaves it alone when that takes longer than
 * `wait_us`. Any thread, also the spool's own, and several times; does nothing without the
 * thread. */
void log_spool_end(int64_t wait_us);

/* False when no thread writes lines: before the start, and after the end unless it was left alone.
 * Then the line is the caller's to write. A line for which there is no room is dropped. Any
 * thread. */
MUST_USE bool log_spool_give(struct text line);

/* Counts a line that could not be written. Any thread. */
void log_spool_count_dropped(void);

/* Lines dropped so far, for whichever reason. Any thread. */
uint64_t log_spool_dropped(void);

#endif
