/* SPDX-License-Identifier: MIT
 *
 * Lines on standard error, which is shared with others: its flags are not ours to change, and it
 * may be a pipe that nobody reads. Each line is one write, unless the system takes only a part;
 * what remains a part is ended before the next line, once there is room again. Private to this
 * layer. Any thread. */
#ifndef BASE_STDERR_LINE_H
#define BASE_STDERR_LINE_H

#include "base/text.h"

/* Waits until the line is taken, however long that is. False when it never will be: the descriptor
 * is closed, the reader gone, the disk full. */
MUST_USE bool stderr_line_write(struct text line);

/* The same, but false also when there is no room within a second; until there was room again, later
 * calls do not wait at all. */
MUST_USE bool stderr_line_try(struct text line);

#endif
