/* SPDX-License-Identifier: MIT
 *
 * Whether it is worth asking something that has been failing (the circuit breaker of Nygard,
 * "Release It!"). Closed until BREAKER_FAILURES failures in a row; then open, and one probe at a
 * time is let through, after a jittered wait; a success closes it. Plain value of one thread,
 * zeroed at the start; time is an argument. */
#ifndef STORE_BREAKER_H
#define STORE_BREAKER_H

#include "base/duration.h"

#define BREAKER_FAILURES 5
/* The wait before a probe lies between these. */
#define BREAKER_WAIT_MIN_US (100 * MILLISECOND_US)
#define BREAKER_WAIT_MAX_US (500 * MILLISECOND_US)

struct breaker {
    int failures_in_row; /* counted up to BREAKER_FAILURES */
    bool probing;        /* a probe is out */
    int64_t probe_at_us; /* open: no probe before this */
};

bool breaker_is_open(const struct breaker *breaker);
/* Whether breaker_allows() would say yes. */
bool breaker_would_allow(const struct breaker *breaker, int64_t now_us);

/* Whether to ask now. When it is open and says yes, the caller's call is the probe, and its outcome
 * must be told. */
MUST_USE bool breaker_allows(struct breaker *breaker, int64_t now_us);
void breaker_succeeded(struct breaker *breaker);
void breaker_failed(struct breaker *breaker, int64_t now_us);

#endif
