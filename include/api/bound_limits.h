/* SPDX-License-Identifier: MIT
 *
 * The limits of a rule as a store gets them for one check: smaller by the headroom, if the check
 * has a low priority, and with the calendars of their periods. Limits without any of this are the
 * rule's own. */
#ifndef API_BOUND_LIMITS_H
#define API_BOUND_LIMITS_H

#include "limit/calendar.h"
#include "limit/rule.h"

struct bound_limits {
    struct limit at[LIMITS_MAX];
    struct calendar calendars[LIMITS_MAX];
    const struct limit *unknown; /* the rule's first limit whose zone is not known here, or NULL */
};

/* Whether they differ from those of the rule. Otherwise `at` is not used. */
MUST_USE bool bound_limits_differ(const struct rule *rule, bool is_low);

/* Makes them, around the Unix time now_us + ahead_us. `now_us` is by the clock that decides the
 * counters of this process. False: `unknown` has a zone that is not known here, and its calendar
 * goes by UTC. */
MUST_USE bool bound_limits_make(struct bound_limits *bound, const struct rule *rule, bool is_low,
                                int64_t now_us, int64_t ahead_us);

/* The limits of the rule with the calendars of these, which they borrow. */
void bound_limits_widen(const struct bound_limits *bound, const struct rule *rule,
                        struct limit whole[static LIMITS_MAX]);

#endif
