/* SPDX-License-Identifier: MIT
 *
 * The plain values of a decision: one limit, what is stored for it, and what came out. */
#ifndef LIMIT_LIMIT_H
#define LIMIT_LIMIT_H

#include "base/duration.h"
#include "base/text.h"
#include "limit/algorithms.h"
#include "limit/limit_state.h"

#define LIMITS_MAX           8
#define LIMIT_NAME_BYTES_MAX 32
/* The largest quota of most algorithms, and the largest burst; see algorithm_quota_max(). */
#define LIMIT_QUOTA_MAX     INT64_C(1000000000)
#define LIMIT_LOG_QUOTA_MAX INT64_C(10000) /* for a log, which keeps every charge */
#define LIMIT_WINDOW_S_MAX  YEAR_S
/* A cost is at most 2^53 - 1, the largest run of integers that a double holds exactly. */
#define LIMIT_COST_MAX INT64_C(9007199254740991)
/* The same for times: the latest time, and the longest duration. */
#define LIMIT_TIME_US_MAX LIMIT_COST_MAX

struct arena;
struct by;
struct calendar;
struct form;
struct period;
struct writer;

/* In the order of the list in algorithms.h. */
#define ALGORITHM_ID(word, name, state_numbers, has_burst, has_delay) ALGORITHM_##word,
enum algorithm_id { ALGORITHMS(ALGORITHM_ID) ALGORITHM_COUNT };
#undef ALGORITHM_ID

/* Units, or percent of the capacity, rounded up. */
struct headroom {
    int64_t amount; /* 0: none */
    bool is_percent;
};

struct limit {
    char name[LIMIT_NAME_BYTES_MAX + 1]; /* unique in its policy; [A-Za-z0-9_.:/-] */
    uint8_t set;                         /* its place in the sets of its rule */
    enum algorithm_id algorithm;
    int64_t quota;     /* L, 0..algorithm_quota_max(): how much per window */
    int64_t window_us; /* W, 1 s..1 year; with a period the longest that one can last */
    int64_t burst;     /* B: the bucket's size; equals quota where the algorithm has none */
    uint64_t id;       /* names its state in a set; unique in its rule but for the lowest 8 bits */
    /* `by`, `counts` and `period` are the policy's: a copy that outlives it must not use them. */
    const struct by *by;      /* by whom it counts, as given; NULL: by user, else by ip */
    const char *counts;       /* in which measure; NULL: requests */
    struct headroom headroom; /* what checks of low priority must leave */
    /* fixed_window: its windows are periods of a calendar; NULL: they last W. */
    struct period *period;
    /* Where there is a period, and only in an operation: the periods around its time. */
    const struct calendar *calendar;
};

/* Reads the members of one limit from an open form: an element of `limits`, or a policy with one
 * limit inline. It does not set `set` and `id`, because they depend on the other limits. Texts lie
 * in `arena`. False when there was a fault. */
bool limit_read(struct form *form, const char *default_name, struct arena *arena,
                struct limit *limit);

/* Whether a limit can have this name. */
bool limit_name_is(struct text name);

/* The measure that it counts: "requests" when it does not say. */
const char *limit_measure(const struct limit *limit);

/* Writes the members of the canonical form into an object that the caller has begun. */
void limit_write(const struct limit *limit, struct writer *writer);

/* The members that limit_read() reads, ending with NULL. */
extern const char *const limit_members[];

struct limit_outcome {
    bool allowed;      /* this limit alone would let the cost pass */
    bool never;        /* denied for ever: the cost exceeds the capacity */
    int64_t remaining; /* whole units left, 0..capacity */
    int64_t reset_us;  /* time until nothing is used, 0: nothing is; or until the period ends */
    int64_t retry_us;  /* denied: the wait after which this cost passes if no other charge comes */
    int64_t delay_us;  /* allowed by a queueing algorithm: the wait until its turn */
};

/* How a request to a store for a decision ended. */
enum take_status {
    TAKE_DONE,    /* decided; the outcomes are filled */
    TAKE_LATE,    /* no answer within the deadline; it may have been charged */
    TAKE_DOWN,    /* not asked: no connection, or the breaker is open */
    TAKE_REFUSED, /* the store answered with an error; nothing was charged */
    TAKE_BROKEN,  /* the store's answer is no decision; it may have been charged */
    TAKE_QUOTA,   /* not decided or charged: it needs a new counter, and the tenant has too many */
    TAKE_ELSEWHEN /* not decided or charged: the store's time is outside of a limit's calendar */
};

/* The decision on one cost against all limits of a policy: charged to all of them or to none. */
struct outcome {
    enum take_status status;
    bool allowed;    /* every limit allows */
    bool is_moving;  /* with TAKE_REFUSED: these counters move to another node; others may not */
    size_t count;    /* how many limits were decided */
    size_t refused;  /* of those: the stored state was impossible, and counted as never seen */
    int64_t granted; /* what each limit was charged in part (OPERATION_PART); else not set */
    int64_t room_us; /* with TAKE_QUOTA: time until the tenant may have room */
    /* Of a decision, and with TAKE_QUOTA and TAKE_ELSEWHEN: Unix time by the clock that decides.
     * Two such times are as far apart as they were for the counters. */
    int64_t time_us;
    struct limit_outcome at[LIMITS_MAX];
};

#endif
