/* SPDX-License-Identifier: MIT
 *
 * What time and charges do to one counter of the reference model. */
#ifndef SUPPORT_REFERENCE_COUNTER_H
#define SUPPORT_REFERENCE_COUNTER_H

#include "support/reference_model.h"

/* Whether all that the counter knows has to be moved to `now_us`, because the clock was put back to
 * before the counter's time. */
bool reference_counter_is_ahead(const struct reference_limit *limit,
                                const struct reference_counter *counter, int64_t now_us);

/* Whether a charge leaves its end as it is: a window has begun, and is not over. */
bool reference_counter_goes_on(const struct reference_limit *limit,
                               const struct reference_counter *counter, int64_t now_us);

/* If it is ahead, all that it knows counts as of now. */
void reference_counter_move(const struct reference_limit *limit, struct reference_counter *counter,
                            int64_t now_us);

/* The counter at `now_us`. */
struct reference_counter reference_counter_at(const struct reference_limit *limit,
                                              const struct reference_counter *counter,
                                              int64_t now_us);

/* Charges `cost` > 0 to a counter of that time. */
void reference_counter_charge(struct reference_counter *counter,
                              const struct reference_limit *limit, int64_t now_us, int64_t cost);

/* Charges after the fact, or gives back. */
void reference_counter_change(struct reference_counter *counter,
                              const struct reference_limit *limit, int64_t now_us, int64_t cost);

reference_parts reference_counter_used(const struct reference_limit *limit,
                                       const struct reference_counter *counter, int64_t now_us);

/* The time until nothing is used; until the end of a fixed window, if there is one. */
int64_t reference_counter_reset(const struct reference_limit *limit,
                                const struct reference_counter *counter, int64_t now_us);

/* The time until at most `used_max` is used. */
int64_t reference_counter_wait(const struct reference_limit *limit,
                               const struct reference_counter *counter, int64_t now_us,
                               reference_parts used_max);

/* A bucket that is never filled is empty, and there is nothing to wait for. */
bool reference_is_never_filled(const struct reference_limit *limit);

bool reference_has_period(const struct reference_limit *limit);

#endif
