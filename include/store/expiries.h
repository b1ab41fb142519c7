/* SPDX-License-Identifier: MIT
 *
 * How many things live, each until a time of its own, in less than a kilobyte however many there
 * are: they are counted in slots of time, which are the wider the further away they are. When a
 * slot comes near it is divided into narrower ones, evenly. So each thing is counted until its end,
 * give or take a seventh of what it had left when it was added, or EXPIRIES_UNIT_US.
 *
 * A life that is prolonged is one that is taken out at its former end and added at the new one.
 * Whoever prolongs it need not be who has added it: the sum over several of these is as right as
 * one that has seen all. Not thread-safe; the clock is an argument, and never goes back. */
#ifndef STORE_EXPIRIES_H
#define STORE_EXPIRIES_H

#include "base/prelude.h"

#define EXPIRIES_UNIT_US (INT64_C(1) << 16) /* the narrowest slot: 66 ms */
#define EXPIRIES_LEVELS  27 /* what ends in more than two years is taken to end then */
#define EXPIRIES_SLOTS   (8 + 8 * EXPIRIES_LEVELS)

/* A zeroed one is empty. */
struct expiries {
    int64_t unit; /* of time: the first that is not over */
    int64_t live; /* the sum of the slots */
    int32_t slots[EXPIRIES_SLOTS];
};

/* One more that lives for `left_us`, or one less. */
void expiries_add(struct expiries *expiries, int64_t left_us, int64_t now_us);
void expiries_take_out(struct expiries *expiries, int64_t left_us, int64_t now_us);

/* How many live now. */
int64_t expiries_live(struct expiries *expiries, int64_t now_us);

/* Whether there is nothing left to come: as a zeroed one. */
bool expiries_are_over(struct expiries *expiries, int64_t now_us);

/* Until when, from now on, the first of those that live has ended; 0: none does. */
int64_t expiries_next_us(struct expiries *expiries, int64_t now_us);

/* Whether what ends at one of these times is counted as long as what ends at the other. */
bool expiries_are_alike(int64_t left_us, int64_t other_left_us, int64_t now_us);

#endif
