/* SPDX-License-Identifier: MIT
 *
 * Whether a store that has been failing is asked at all (the circuit breaker of Nygard, "Release
 * It!"). It is closed until BREAKER_FAILURES failures in a row. Then it is open, and tells its
 * owner to probe after random waits, until something succeeds. So no caller has to be the probe. Of
 * one thread. */
#ifndef STORE_BREAKER_H
#define STORE_BREAKER_H

#include "base/duration.h"

#define BREAKER_FAILURES 5
/* The wait before a probe lies between these. */
#define BREAKER_WAIT_MIN_US (100 * MILLISECOND_US)
#define BREAKER_WAIT_MAX_US (500 * MILLISECOND_US)

struct event;
struct event_base;

/* The owner now probes, with something that a caller would also ask. It then calls
 * breaker_succeeded() or breaker_failed(), or neither if it could not ask. On the loop. */
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
