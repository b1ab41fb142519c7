/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>

bool error_set(struct error *error, const char *format, ...)
{
    /* Written elsewhere first, because the old message may be one of the arguments. */
    struct error written;
    va_list values;

    va_start(values, format);
    vsnprintf(written.message, sizeof(written.message), format, values);
    va_end(values);
    *error = written;
    return false;
}
