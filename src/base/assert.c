/* SPDX-License-Identifier: MIT
 *
 * The end of a process whose invariant broke (ASSERT in prelude.h). */
#include "base/log.h"

void assert_failed(const char *condition, const char *file, int line, const char *function)
{
    log_end(); /* what led to it comes first, and this line at once */
    log_write(LOG_ERROR, "assertion failed", LOG_STRING("condition", condition),
              LOG_STRING("file", file), LOG_INTEGER("line", line),
              LOG_STRING("function", function));
    abort();
}
