/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>

bool error_set(struct error *error, const char *format, ...)
{
    /* Apart first: the old message may be among the arguments, wrapped in a wider one. */
    struct error written;
    va_list values;

    va_start(values, format);
    vsnprintf(written.message, sizeof(written.message), format, values);
    va_end(values);
    *error = written;
    return false;
}
