/* SPDX-License-Identifier: MIT
 *
 * The algorithms once more, straight from their definitions: what the service answers is compared
 * with this. It shares no code with the service, is exact, and does not care how long it takes. */
#ifndef SUPPORT_REFERENCE_MODEL_H
#define SUPPORT_REFERENCE_MODEL_H

#define REFERENCE_LIMITS_MAX  8
#define REFERENCE_CHARGES_MAX 256 /* within one window */

/* A part is what one microsecond of the window stands for: W parts are one unit. */
__extension__ typedef __int128 reference_parts;

enum reference_algorithm {
    REFERENCE_FIXED_WINDOW,
    REFERENCE_SLIDING_WINDOW,
    REFERENCE_SLIDING_WINDOW_LOG,
    REFERENCE_TOKEN_BUCKET,
    REFERENCE_LEAKY_BUCKET,
    REFERENCE_ALGORITHM_COUNT /* also: none of these */
};

struct reference_limit {
    enum reference_algorithm algorithm;
    int64_t quota;     /* L */
    int64_t window_us; /* W */
    int64_t burst;     /* B; only of a bucket */
};

struct reference_charge {
    int64_t at_us;
    int64_t cost;
};

/* All zero: nothing was ever charged. */
struct reference_counter {
    int64_t since_us;        /* when its window began, or when it was charged last: its own time */
    reference_parts charged; /* in that window, or what then was missing or queued in the bucket */
    reference_parts earlier; /* sliding_window: in the window before that one */
    size_t charge_count;     /* sliding_window_log: those of one window */
    struct reference_charge charges[REFERENCE_CHARGES_MAX];
    bool is_charged;
    int64_t kept_until_us; /* by the limits at its last charge, it is untouched from then on */
};

struct reference_subject {
    struct reference_counter counters[REFERENCE_LIMITS_MAX];
};

struct reference_answer {
    bool allowed;
    bool never;
    int64_t remaining;
    int64_t reset_us;
    int64_t retry_us;
    int64_t delay_us;
};

/* REFERENCE_ALGORITHM_COUNT when the model does not know it. */
enum reference_algorithm reference_algorithm_of(const char *name);
const char *reference_algorithm_name(enum reference_algorithm algorithm);
/* Whether it is a bucket, which a policy may give a `burst`. */
bool reference_has_burst(enum reference_algorithm algorithm);

/* The time at which somebody is decided on whose clock says `now_us`, when other clocks may be
 * ahead by `skew_us`: the latest one, within that, of which the counters know. */
int64_t reference_now(const struct reference_subject *subject, size_t count, int64_t now_us,
                      int64_t skew_us);

/* Decides `cost` against all limits, charges all or none, and says whether it did. A cost of 0
 * looks. One answer per limit. */
bool reference_check(struct reference_subject *subject, const struct reference_limit limits[],
                     size_t count, int64_t now_us, int64_t cost, struct reference_answer answers[]);

#endif
