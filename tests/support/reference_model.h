/* SPDX-License-Identifier: MIT
 *
 * The algorithms a second time, directly from their definitions, to be compared with the service's
 * answers. It shares no code with the service, is exact, and may be slow. */
#ifndef SUPPORT_REFERENCE_MODEL_H
#define SUPPORT_REFERENCE_MODEL_H

#include "support/reference_period.h"

#define REFERENCE_LIMITS_MAX  8
#define REFERENCE_CHARGES_MAX 256 /* within one window */

/* W parts are one unit, so a part is what one microsecond of the window stands for. */
__extension__ typedef __int128 reference_parts;

enum reference_algorithm {
    REFERENCE_FIXED_WINDOW,
    REFERENCE_SLIDING_WINDOW,
    REFERENCE_SLIDING_WINDOW_LOG,
    REFERENCE_TOKEN_BUCKET,
    REFERENCE_LEAKY_BUCKET,
    REFERENCE_ALGORITHM_COUNT /* also means: none of these */
};

struct reference_limit {
    enum reference_algorithm algorithm;
    int64_t quota;                  /* L */
    int64_t window_us;              /* W; of a period, about its length */
    int64_t burst;                  /* B; buckets only */
    struct reference_period period; /* fixed_window: its windows are periods, if it has a unit */
    /* Where there is a period: what the clock on the wall is ahead of the time that decides, and
     * the start of the first period that whoever decides does not know. */
    int64_t ahead_us;
    int64_t unknown_us;
};

struct reference_charge {
    int64_t at_us;
    int64_t cost;
};

/* A zeroed one was never charged. */
struct reference_counter {
    /* Its own time: when its window began, or its last charge. Of a period, by Unix time. */
    int64_t since_us;
    reference_parts charged; /* in that window; of a bucket: what was missing or queued then */
    reference_parts earlier; /* sliding_window: in the window before */
    size_t charge_count;     /* sliding_window_log: within one window */
    struct reference_charge charges[REFERENCE_CHARGES_MAX];
    bool is_charged;       /* or given back */
    bool is_open;          /* fixed_window: there is a window, used or not */
    int64_t kept_until_us; /* then it is untouched, by the limits at its last charge */
};

struct reference_answer {
    bool allowed;
    bool never;
    int64_t remaining;
    int64_t reset_us;
    int64_t retry_us;
    int64_t delay_us;
};

/* REFERENCE_ALGORITHM_COUNT when the model does not know the algorithm. */
enum reference_algorithm reference_algorithm_of(const char *name);
const char *reference_algorithm_name(enum reference_algorithm algorithm);
/* Whether it is a bucket: then a policy may have a `burst`. */
bool reference_has_burst(enum reference_algorithm algorithm);

/* The most that can be used at once. */
int64_t reference_capacity(const struct reference_limit *limit);

/* The time of a decision for a clock that says `now_us`, when other clocks may be ahead by
 * `skew_us`: the latest time that the counters know and that is not further ahead. The starts of
 * periods are not such times. */
int64_t reference_now(struct reference_counter *const counters[],
                      const struct reference_limit limits[], size_t count, int64_t now_us,
                      int64_t skew_us);

/* What fits beside what is used of each limit, at most `cost`. */
int64_t reference_part(struct reference_counter *const counters[],
                       const struct reference_limit limits[], size_t count, int64_t now_us,
                       int64_t cost);

/* Decides costs[i] against each of the limits, and charges all or none. Returns whether it charged
 * any. A cost of 0 is a look. There is one answer per limit. */
bool reference_check(struct reference_counter *const counters[],
                     const struct reference_limit limits[], size_t count, int64_t now_us,
                     const int64_t costs[], struct reference_answer answers[]);

/* Charges the cost after the fact, or gives it back. Returns whether that changes anything. */
bool reference_charge(struct reference_counter *counter, const struct reference_limit *limit,
                      int64_t now_us, int64_t cost, struct reference_answer *answer);

#endif
