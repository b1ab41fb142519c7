/* SPDX-License-Identifier: MIT
 *
 * For tests that run a take script at a time of their own. */
#ifndef SUPPORT_SCRIPT_CLOCK_H
#define SUPPORT_SCRIPT_CLOCK_H

#include "store/take_script.h"

/* Replaces Redis' time by `now`, which is borrowed: a number in text. */
static inline void script_clock_set(struct take_arguments *arguments, const char *now)
{
    const int last = 2 + 1 + (int)take_arguments_keys(arguments) + 4;

    while (arguments->count < last) {
        arguments->argv[arguments->count] = "";
        arguments->lengths[arguments->count++] = 0;
    }
    arguments->argv[arguments->count] = now;
    arguments->lengths[arguments->count++] = strlen(now);
}

#endif
