/* SPDX-License-Identifier: MIT
 *
 * Counts things that each live until a time of their own, in little more than a kilobyte however
 * many there are. They are counted in slots of time; a slot is wider the further away it is. A
 * thing is counted until its slot has ended, also when the slot comes near and is divided. So each
 * thing is counted until its end, and after that for at most a seventh of the time that it had left
 * when it was added, or EXPIRIES_UNIT_US. The count is never lower than the number that live,
 * whatever the times are.
 *
 * To prolong a life, take it out at its former end, and add it at the new one. Only numbers are
 * kept, so which of a slot's things is taken out is not known: another one of that slot is then
 * counted for as long as the first would have been. A thing that another process added is not here
 * and cannot be taken out, so that process also counts it until its former end; here another thing
 * of its slot may go in its place. Not thread-safe; the clock is an argument, and never goes
 * back. */
#ifndef STORE_EXPIRIES_H
#define STORE_EXPIRIES_H

#include "base/prelude.h"

#define EXPIRIES_UNIT_US     (INT64_C(1) << 16) /* the narrowest slot: 66 ms */
#define EXPIRIES_LEFT_US_MAX (INT64_C(1) << 53) /* 285 years: longer lives count as this */
#define EXPIRIES_LEVELS      35
#define EXPIRIES_SLOTS       (8 + 8 * EXPIRIES_LEVELS)

/* A zeroed one is empty. */
struct expiries {
    int64_t unit;                  /* the first unit of time that is not over */
    int64_t live;                  /* the sum of the slots */
    int32_t slots[EXPIRIES_SLOTS]; /* none is below 0 */
};

/* Adds one that lives for `left_us`, or takes one out; does nothing if no counted one can be it. */
void expiries_add(struct expiries *expiries, int64_t left_us, int64_t now_us);
void expiries_take_out(struct expiries *expiries, int64_t left_us, int64_t now_us);

/* How many live now. */
int64_t expiries_live(struct expiries *expiries, int64_t now_us);

/* The time from now until the first of those that live has ended; 0: none lives. */
int64_t expiries_next_us(struct expiries *expiries, int64_t now_us);

/* Whether things that end at these two times are counted equally long. */
bool expiries_are_alike(int64_t left_us, int64_t other_left_us, int64_t now_us);

#endif
