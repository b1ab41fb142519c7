/* SPDX-License-Identifier: MIT
 *
 * The reference model of a subject whose decisions happen at instants of which only bounds are
 * known. It gives bounds of each answer; equal bounds mean that the answer is known exactly.
 *
 * It has two subjects: one is charged at the earliest instants, the other at the latest. In every
 * algorithm the use grows if a charge is later, and falls with the time until the question. So the
 * truth is between the two. The service says whether it charged. */
#ifndef SUPPORT_REFERENCE_BAND_H
#define SUPPORT_REFERENCE_BAND_H

#include "support/reference_model.h"

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
    int64_t capacity;
    struct reference_bounds remaining;
    struct reference_bounds reset_us;
    struct reference_bounds retry_us; /* only if it denies, and waiting helps */
    struct reference_bounds delay_us;
};

struct reference_subject {
    struct reference_counter counters[REFERENCE_LIMITS_MAX];
};

struct reference_band {
    size_t count;
    struct reference_limit limits[REFERENCE_LIMITS_MAX];
    struct reference_subject least; /* the least use */
    struct reference_subject most;
    struct reference_subject most_so_far; /* this request's charges are at its earliest */
    /* When the service forgets the charges. At the earliest, each counter goes by itself. At the
     * latest, all counters in one key of Redis go together. */
    int64_t expiry_min_us[REFERENCE_LIMITS_MAX];
    int64_t expiry_max_us;
    int64_t last_width_us; /* the time between the bounds of the last charge */
};

/* To be called before the decisions of a request. Its earliest instant is not before the latest one
 * of the request before. */
void reference_band_begin(struct reference_band *band, struct reference_instant instant);

/* The answers to `cost`, one per limit. The service says whether it `charged`. */
void reference_band_ask(const struct reference_band *band, struct reference_instant instant,
                        int64_t cost, bool charged, struct reference_band_answer answers[]);

/* Whether the end of a fixed window may be before or after the instant. A charge then counts in one
 * window or in the next, so nothing is known until the subject is forgotten. */
bool reference_band_is_in_doubt(const struct reference_band *band,
                                struct reference_instant instant);

void reference_band_charge(struct reference_band *band, struct reference_instant instant,
                           int64_t cost);

/* Gives limit `which` another quota or burst. */
void reference_band_edit(struct reference_band *band, size_t which, struct reference_limit limit);

/* Returns bounds of the number of limits that had counters. */
struct reference_bounds reference_band_forget(struct reference_band *band,
                                              struct reference_instant instant);

#endif
