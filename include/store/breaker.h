/* SPDX-License-Identifier: MIT
 *
 * Whether it is worth asking something that has been failing (the circuit breaker of Nygard,
 * "Release It!"). Closed until BREAKER_FAILURES failures in a row; then open, and its owner is
 * asked to probe now and then, after jittered waits, until something succeeds: no caller has to be
 * the probe. Of one thread. */
#ifndef STORE_BREAKER_H
#define STORE_BREAKER_H

#include "base/duration.h"

#define BREAKER_FAILURES 5
/* The wait before a probe lies between these. */
#define BREAKER_WAIT_MIN_US (100 * MILLISECOND_US)
#define BREAKER_WAIT_MAX_US (500 * MILLISECOND_US)

struct event;
struct event_base;

/* Time to find out, by something that a caller would ask, too. Tells how it went by one of the two
 * below, or nothing when it could not even ask. On the loop. */
typedef void breaker_probe_fn(void *context);

/* The owner's storage; the members are the breaker's own. */
struct breaker {
    int failures_in_row; /* counted up to BREAKER_FAILURES */
    struct event *wait;  /* pending while it is open */
    breaker_probe_fn *probe;
    void *context;
};

/* Closed. */
void breaker_init(struct breaker *breaker, struct event_base *base, void *context,
                  breaker_probe_fn *probe);
void breaker_close(struct breaker *breaker);

bool breaker_is_open(const struct breaker *breaker);
void breaker_succeeded(struct breaker *breaker);
void breaker_failed(struct breaker *breaker);

#endif
