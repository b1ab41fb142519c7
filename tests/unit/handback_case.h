/* SPDX-License-Identifier: MIT
 *
 * A hand-back of each test's own, with a loop and figures, and a store to hand back to. Main thread
 * only. */
#ifndef UNIT_HANDBACK_CASE_H
#define UNIT_HANDBACK_CASE_H

#include "base/duration.h"
#include "fake_store.h"
#include "metrics/metrics.h"
#include "store/handback.h"
#include "support/cmocka.h"

#include <event2/event.h>

#define NOW_US (1000 * SECOND_US)

extern struct event_base *base;
extern struct metrics *metrics;
extern struct handback *handback;
extern struct fake_store fake;

/* Setup and teardown of a test that has a store of its own. */
int handback_begin(void **state);
int handback_end(void **state);
/* The same with `fake`, which decides each call at once and has charged nothing. */
int handback_begin_fake(void **state);
int handback_end_fake(void **state);

/* Makes each limit a fixed window of a minute that counts by a set of its own. */
void handback_set_limits(struct limit limits[], size_t count, int64_t quota);
/* By these sets and at these costs, of one limit each, at NOW_US. `limits` is borrowed. */
struct operation handback_operation(enum operation_kind kind, const int64_t sets[],
                                    const struct limit limits[], size_t count,
                                    const int64_t costs[]);

/* The next call to `fake` waits until the test answers it: TAKE_DOWN. The one after it is
 * decided. */
void handback_refuse_next(void);
/* Runs until nothing is left, also after rests. */
void handback_run_out(struct store *store);

/* `fake` has charged so much by each limit of the operation. */
void handback_expect_used(struct operation look, const int64_t wanted[]);
/* So much was charged, lost, and let go. */
void handback_expect_figures(uint64_t done, uint64_t lost, uint64_t over);

#endif
