/* SPDX-License-Identifier: MIT
 *
 * What can happen to Redis, or between it and the service, told once for all topologies: it happens
 * to each server at the same time. The tests and `./dev fault` are made from this table. */
#ifndef FAULT_SCENARIOS_H
#define FAULT_SCENARIOS_H

#include "stage.h"

enum degrades {
    DEGRADES_NEVER, /* a deadline of 50 ms does not notice it */
    DEGRADES_MAYBE,
    DEGRADES_SURELY
};

struct scenario {
    const char *name;
    /* Between them: the mode of the proxies. FAULT_PROXY_PASS: something else happens, and the
     * service talks to Redis directly. */
    enum fault_proxy_mode network;
    int delay_ms;
    /* In Redis. Each function may be NULL. */
    void (*begin)(struct stage *stage, int seconds);
    void (*again)(struct stage *stage); /* called every period_ms while it lasts */
    int period_ms;
    void (*end)(struct stage *stage);
    bool at_start; /* it begins before the service does */

    bool differs;       /* by the topology or with TLS, so an ordinary run plays it everywhere */
    int strict_seconds; /* the time in a strict run; 0: the usual one */
    enum degrades degrades;
    bool forgets; /* Redis loses its counters */
    /* Without TLS, which notices it, answers may tell another count. But no check is denied because
     * of it. */
    bool lies;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
