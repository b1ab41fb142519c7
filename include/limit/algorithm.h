/* SPDX-License-Identifier: MIT
 *
 * What an algorithm is, and the decision over several limits. The list of algorithms, and what a
 * new one takes, is in algorithms.h.
 *
 * All formulas are integer arithmetic in IEEE doubles, in the same order of operations in C and in
 * Lua, so that both give the same bits. */
#ifndef LIMIT_ALGORITHM_H
#define LIMIT_ALGORITHM_H

#include "limit/limit.h"

/* What a state that was stored turned out to be. */
enum settled {
    SETTLED_AS_IT_WAS,
    SETTLED_MOVED,  /* it came from the future, and has to be kept as it is now */
    SETTLED_REFUSED /* no limit of this algorithm and window can have written it */
};

/* Makes of what was stored what can be decided on at `now_us`. A stored state is input, whoever has
 * written it: its numbers have to be whole and such as some quota and burst explain, else it
 * becomes all zero, a subject that was never seen. A stamp later than `now_us` says that a clock
 * was wrong for a moment, then or now. It is moved to `now_us`, and what was used stays: so nobody
 * waits for longer than the algorithm could ask for, and each step of a clock lets one more limit
 * pass at most. Any thread; a log is moved where it is. */
typedef enum settled algorithm_settle_fn(const struct limit *limit, struct limit_state *state,
                                         int64_t now_us);

/* The time that a state was written for. Of a state that is not settled it may be any number. */
typedef double algorithm_stamp_fn(const struct limit_state *state);

/* Decides `cost` (>= 0; 0 looks without charging) at `now_us` against one limit, whose state is
 * settled. When it is allowed and cost > 0, *state is what to keep for outcome->reset_us; otherwise
 * it is untouched: a denial and a look write nothing. Pure; any thread. An algorithm that keeps a
 * log leaves it as it is: in *state it notes what to add. */
typedef void algorithm_decide_fn(const struct limit *limit, struct limit_state *state,
                                 int64_t now_us, int64_t cost, struct limit_outcome *outcome);

struct algorithm {
    const char *name;     /* as in policies, and the name of its Lua file and function */
    size_t state_numbers; /* how many of limit_state's numbers it uses; 0: it keeps a log */
    bool has_burst;       /* whether a policy may give `burst` */
    algorithm_settle_fn *settle;
    algorithm_stamp_fn *stamp;
    algorithm_decide_fn *decide;
};

const struct algorithm *algorithm_of(enum algorithm_id id);

/* The algorithms' names in the order of enum algorithm_id, ending with NULL. */
extern const char *const algorithm_names[ALGORITHM_COUNT + 1];

/* Whether its state is a log of charges (charge_log.h) and no numbers. */
bool algorithm_keeps_log(enum algorithm_id id);

/* The largest quota that a limit of this algorithm may have. */
int64_t algorithm_quota_max(enum algorithm_id id);

/* The most that can be taken at once: the burst; nothing when the quota is 0. */
int64_t limit_capacity(const struct limit *limit);

/* For how long a charge may count, at the most: a window, and the next one where that slides, or
 * what a whole bucket takes to be refilled. */
int64_t limit_memory_us(const struct limit *limit);

/* fixed_window_decide(), ...: three per row of the list. */
#define ALGORITHM_FUNCTIONS(word, name, state_numbers, has_burst)                                  \
    algorithm_settle_fn name##_settle;                                                             \
    algorithm_stamp_fn name##_stamp;                                                               \
    algorithm_decide_fn name##_decide;
ALGORITHMS(ALGORITHM_FUNCTIONS)
#undef ALGORITHM_FUNCTIONS

/* Adds to the log what the decision has noted in *state. */
void sliding_window_log_charge(const struct limit *limit, struct limit_state *state);

/* Settles the `states` of `count` limits and decides `cost` against them, all or none: only when
 * each allows is any charged. When one denies, the others' outcomes are those of a look, so that
 * `remaining` is what is really left. keep_us[i] is for how long to keep states[i] from now_us on;
 * 0 when what is stored may stay as it is. Fills all of *outcome. Whoever owns the states frees
 * their logs. Reads no clock; any thread. */
void decide(const struct limit limits[], size_t count, struct limit_state states[], int64_t now_us,
            int64_t cost, struct outcome *outcome, int64_t keep_us[]);

/* Threads read their clocks at different moments: what one has just charged may be later than the
 * time of another. The latest stamp of the states that is ahead of `now_us` by `skew_us` at most,
 * else `now_us`: when to decide, so that no stretch of time is counted twice. Pure; any thread. */
int64_t decide_at(const struct limit limits[], size_t count, const struct limit_state states[],
                  int64_t now_us, int64_t skew_us);

/* As much of `cost` as fits beside what is used: what decide() would allow. Any thread. */
int64_t decide_what_fits(const struct limit limits[], size_t count,
                         const struct limit_state states[], int64_t now_us, int64_t cost);

#endif
