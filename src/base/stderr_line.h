/* SPDX-License-Identifier: MIT
 *
 * Lines on standard error. Others share it, so we must not change its flags, and it may be a pipe
 * that nobody reads. Each line is one write, unless the system takes only a part. A line of which
 * only a part was written is ended before the next line, when there is room again. Private to this
 * layer. Any thread. */
#ifndef BASE_STDERR_LINE_H
#define BASE_STDERR_LINE_H

#include "base/text.h"

/* Waits until the line is taken, without a limit. False if it never will be: the descriptor is
 * closed, the reader is gone, or the disk is full. */
MUST_USE bool stderr_line_write(struct text line);

/* The same, but also false if there is no room within a second. Then later calls do not wait until
 * there has been room again. */
MUST_USE bool stderr_line_try(struct text line);

#endif
