/* SPDX-License-Identifier: MIT
 *
 * The reference model of a policy whose decisions happen at instants of which only bounds are
 * known. It gives bounds of each answer; equal bounds mean that the answer is known exactly.
 *
 * It has each counter twice: one is charged at the earliest instants, the other at the latest. In
 * every algorithm the use grows if a charge is later, and falls with the time until the question.
 * So the truth is between the two. The service says whether it charged. */
#ifndef SUPPORT_REFERENCE_BAND_H
#define SUPPORT_REFERENCE_BAND_H

#include "support/reference_policy.h"

#define REFERENCE_BAND_COUNTERS_MAX 128

/* When a decision was made. */
struct reference_instant {
    int64_t earliest_us;
    int64_t latest_us;
};

struct reference_bounds {
    int64_t min;
    int64_t max;
};

struct reference_band_answer {
    bool may_allow;
    bool may_deny;
    bool never;
    struct reference_bounds remaining;
    struct reference_bounds reset_us;
    struct reference_bounds retry_us; /* only if it denies, and waiting helps */
    struct reference_bounds delay_us;
};

struct reference_band_counter {
    struct reference_place place;
    int64_t quota;                  /* of the limit that it was last decided by */
    struct reference_counter least; /* the least use */
    struct reference_counter most;
    struct reference_counter most_so_far; /* this request's charges are at its earliest */
    /* When the service forgets the charges. At the earliest, the counter goes by itself. At the
     * latest, all counters in one key of Redis go together. */
    int64_t expiry_min_us;
    int64_t expiry_max_us;
    int64_t last_width_us; /* the time between the bounds of the last charge */
};

/* Zeroed, it has nothing. */
struct reference_band {
    size_t count;
    struct reference_band_counter counters[REFERENCE_BAND_COUNTERS_MAX];
};

/* One check by one version of the policy, under the terms of the check; or a charge after the
 * fact. */
struct reference_band_check {
    const struct reference_policy *policy;
    unsigned values;
    int64_t costs[REFERENCE_MEASURES];
    struct reference_instant instant;
    bool charged; /* as the service says */
    bool is_after_the_fact;
};

/* To be called before the decisions of a request. Its earliest instant is not before the latest one
 * of the request before. */
void reference_band_begin(struct reference_band *band, struct reference_instant instant);

/* The answers, one per limit. The counters remember the limits' quotas. */
void reference_band_ask(struct reference_band *band, const struct reference_band_check *check,
                        struct reference_band_answer answers[]);

/* Whether nothing is known until these counters are forgotten. A charge at the end of a fixed
 * window may count in it or in the next. At the end of a period it is not even known which is
 * shown. And what a charge leaves may depend on whether anything was used, or all. */
bool reference_band_is_in_doubt(struct reference_band *band,
                                const struct reference_band_check *check);

void reference_band_charge(struct reference_band *band, const struct reference_band_check *check);

/* Forgets the counters of limits that count by no other subjects than `given`. Returns bounds of
 * the number of these limits that had counters. Costs nothing, and is no charge. */
struct reference_bounds reference_band_forget(struct reference_band *band,
                                              const struct reference_band_check *check,
                                              unsigned given);

#endif
