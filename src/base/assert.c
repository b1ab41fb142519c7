/* SPDX-License-Identifier: MIT
 *
 * The end of a process whose invariant broke (ASSERT in prelude.h). */
#include "base/log.h"

void assert_failed(const char *condition, const char *file, int line, const char *function)
{
    const struct log_field fields[] = {
        LOG_STRING("condition", condition),
        LOG_STRING("file", file),
        LOG_INTEGER("line", line),
        LOG_STRING("function", function),
    };

    log_write_last("assertion failed", fields, ARRAY_COUNT(fields));
    abort();
}
