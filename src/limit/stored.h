/* SPDX-License-Identifier: MIT
 *
 * What the algorithms ask of numbers that were stored. */
#ifndef LIMIT_STORED_H
#define LIMIT_STORED_H

#include <math.h>

/* A whole number from 0 to `max`: no fraction, nothing infinite, no NaN. */
static inline bool stored_is_whole(double number, double max)
{
    return number >= 0 && number <= max && floor(number) == number;
}

#endif
