/* SPDX-License-Identifier: MIT
 *
 * One version of a history's policy: the model's, and what the service makes of its document. */
#ifndef UNIT_MODEL_VERSION_H
#define UNIT_MODEL_VERSION_H

#include "limit/calendar.h"
#include "limit/policy.h"
#include "store/operation.h"
#include "support/reference_policy.h"

struct arena;

struct model_version {
    struct reference_policy reference;
    const struct policy *policy;
};

/* It is read by the service, as every policy is, and lies in `arena`. */
struct model_version model_version_of(const struct reference_policy *reference,
                                      struct arena *arena);

/* Who asks, what they say, and what their clock on the wall says. */
struct model_caller {
    unsigned values;
    const struct reference_terms *terms;
    int64_t wall_us;  /* Unix time */
    int64_t ahead_us; /* this minus the time that decides; 0 where the store has a clock itself */
};

/* The limits for one caller: the service's, and the model's. */
struct model_bound {
    size_t count;
    struct limit limits[LIMITS_MAX];
    struct calendar calendars[LIMITS_MAX];
    struct reference_limit reference[LIMITS_MAX];
    int64_t known_us; /* the periods from then on are known, of each limit */
};

void model_version_limits(const struct model_version *version, const struct model_caller *caller,
                          struct arena *arena, struct model_bound *bound);

/* Whether the caller knows the periods of all limits at this time. */
bool model_bound_knows(const struct model_bound *bound, int64_t wall_us);

/* An operation on all limits for the caller. It costs nothing, and happens at the time 0. The
 * limits are those of *bound. */
struct operation model_version_bind(const struct model_version *version, unsigned values,
                                    const struct model_bound *bound);

#endif
