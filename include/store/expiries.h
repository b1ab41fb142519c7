/* SPDX-License-Identifier: MIT
 *
 * How many things live, each until a time of its own, in little more than a kilobyte however many
 * there are: they are counted in slots of time, which are the wider the further away they are. What
 * is in a slot is counted until the slot has ended, also when it comes near and is divided. So each
 * thing is counted until its end, and then for no longer than a seventh of what it had left when it
 * was added, or EXPIRIES_UNIT_US. Never are fewer counted than live, whatever the times are.
 *
 * A life that is prolonged is one that is taken out at its former end and added at the new one. As
 * only numbers are kept, a thing that is taken out may leave another one of the same slot its
 * place: that one is then counted for as long as the first would have been. What was added
 * elsewhere is not there to be taken out, so it is counted there, too, until its former end, unless
 * another thing of its slot goes in its place. Not thread-safe; the clock is an argument, and never
 * goes back. */
#ifndef STORE_EXPIRIES_H
#define STORE_EXPIRIES_H

#include "base/prelude.h"

#define EXPIRIES_UNIT_US     (INT64_C(1) << 16) /* the narrowest slot: 66 ms */
#define EXPIRIES_LEFT_US_MAX (INT64_C(1) << 53) /* 285 years: no life is taken to be longer */
#define EXPIRIES_LEVELS      35
#define EXPIRIES_SLOTS       (8 + 8 * EXPIRIES_LEVELS)

/* A zeroed one is empty. */
struct expiries {
    int64_t unit;                  /* of time: the first that is not over */
    int64_t live;                  /* the sum of the slots */
    int32_t slots[EXPIRIES_SLOTS]; /* none is below 0 */
};

/* One more that lives for `left_us`; or one less, unless none is counted that could be it. */
void expiries_add(struct expiries *expiries, int64_t left_us, int64_t now_us);
void expiries_take_out(struct expiries *expiries, int64_t left_us, int64_t now_us);

/* How many live now. */
int64_t expiries_live(struct expiries *expiries, int64_t now_us);

/* Until when, from now on, the first of those that live has ended; 0: none does. */
int64_t expiries_next_us(struct expiries *expiries, int64_t now_us);

/* Whether what ends at one of these times is counted as long as what ends at the other. */
bool expiries_are_alike(int64_t left_us, int64_t other_left_us, int64_t now_us);

#endif
