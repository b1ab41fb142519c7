/* SPDX-License-Identifier: MIT
 *
 * For tests that run a take script at a time of their own. */
#ifndef SUPPORT_SCRIPT_CLOCK_H
#define SUPPORT_SCRIPT_CLOCK_H

#include "store/take_script.h"

/* Replaces Redis' time by `now`, which is borrowed: a number in text. */
static inline void script_clock_set(struct take_arguments *arguments, const char *now)
{
    const int place = 2 + 1 + (int)take_arguments_keys(arguments) + 2;

    arguments->argv[place] = now;
    arguments->lengths[place] = strlen(now);
    if (arguments->count == place)
        arguments->count++;
}

#endif
