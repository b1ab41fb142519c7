/* SPDX-License-Identifier: MIT
 *
 * The reference model of a subject that is decided upon at instants of which only bounds are known:
 * what an answer may be. Bounds that are equal say what it must be.
 *
 * It holds two subjects, charged at the earliest and at the latest instants. In every algorithm
 * what is used grows with a later charge and falls with the time until the question, so the truth
 * lies between them. Whether something was charged is what the service says. */
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
    struct reference_bounds retry_us; /* of a denial that waiting cures */
    struct reference_bounds delay_us;
};

struct reference_band {
    size_t count;
    struct reference_limit limits[REFERENCE_LIMITS_MAX];
    struct reference_subject least; /* used, that is */
    struct reference_subject most;
    struct reference_subject most_so_far; /* in the present request: its charges at its earliest */
    /* When the service forgets what was charged: each counter by itself at the earliest, all that
     * lie in one key of Redis together at the latest. */
    int64_t expiry_min_us[REFERENCE_LIMITS_MAX];
    int64_t expiry_max_us;
    int64_t last_width_us; /* between the bounds of the last charge */
};

/* Before the decisions of a request. Its earliest instant is not before the latest one of the
 * request before. */
void reference_band_begin(struct reference_band *band, struct reference_instant instant);

/* The answers, one per limit, to a cost that the service says it `charged`, or did not. */
void reference_band_ask(const struct reference_band *band, struct reference_instant instant,
                        int64_t cost, bool charged, struct reference_band_answer answers[]);

/* Whether the instant may lie on either side of the end of a fixed window. A charge then counts in
 * one window or in the next: nothing is known until the subject is forgotten. */
bool reference_band_is_in_doubt(const struct reference_band *band,
                                struct reference_instant instant);

void reference_band_charge(struct reference_band *band, struct reference_instant instant,
                           int64_t cost);

/* Another quota or burst. */
void reference_band_edit(struct reference_band *band, size_t which, struct reference_limit limit);

/* Returns how many limits had counters, at least and at most. */
struct reference_bounds reference_band_forget(struct reference_band *band,
                                              struct reference_instant instant);

#endif
