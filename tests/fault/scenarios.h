/* SPDX-License-Identifier: MIT
 *
 * What can happen to Redis, or on the way to it: the table from which the tests and `./dev fault`
 * are made. */
#ifndef FAULT_SCENARIOS_H
#define FAULT_SCENARIOS_H

#include "stage.h"

enum degrades {
    DEGRADES_NEVER, /* the fault is none that a deadline of 50 ms would notice */
    DEGRADES_MAYBE,
    DEGRADES_SURELY
};

struct scenario {
    const char *name;
    /* On the way: what the proxy does. FAULT_PROXY_PASS: something else happens, and the service
     * talks to Redis itself. */
    enum fault_proxy_mode network;
    int delay_ms;
    /* In Redis. Each may be NULL. */
    void (*begin)(struct stage *stage, int seconds);
    void (*again)(struct stage *stage); /* every period_ms while it lasts */
    int period_ms;
    void (*end)(struct stage *stage);
    bool at_start;       /* begins before the service does */
    bool lasts_in_begin; /* begin() returns when the time is over */

    int strict_seconds; /* how long in the strict run; 0 is as long as most */
    enum degrades degrades;
    bool forgets; /* Redis loses its counters */
    bool lies;    /* what arrives may be another count; but nobody is denied by it */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
