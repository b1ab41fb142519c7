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

/* Decides `cost` (>= 0; 0 looks without charging) at `now_us` against one limit. When it is allowed
 * and cost > 0, *state is what to keep until now_us + *keep_us, when it says nothing more;
 * otherwise *state and *keep_us are untouched: a denial and a look write nothing. A `now_us`
 * earlier than the state counts as the state's own time. Pure; any thread. An algorithm that keeps
 * a log leaves it as it is: in *state it notes what to add. */
typedef void algorithm_decide_fn(const struct limit *limit, struct limit_state *state,
                                 int64_t now_us, int64_t cost, struct limit_outcome *outcome,
                                 int64_t *keep_us);

struct algorithm {
    const char *name;     /* as in policies, and the name of its Lua file and function */
    size_t state_numbers; /* how many of limit_state's numbers it uses; 0: it keeps a log */
    bool has_burst;       /* whether a policy may give `burst` */
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

/* fixed_window_decide(), ...: one per row of the list. */
#define ALGORITHM_DECIDE(word, name, state_numbers, has_burst) algorithm_decide_fn name##_decide;
ALGORITHMS(ALGORITHM_DECIDE)
#undef ALGORITHM_DECIDE

/* Adds to the log what the decision has noted in *state. */
void sliding_window_log_charge(const struct limit *limit, struct limit_state *state);

/* Decides `cost` against `count` limits with their `states`, all or none: only when each allows is
 * any state changed. When one denies, the others' outcomes are those of a look, so that `remaining`
 * is what is really left. keep_us[] has one time per limit, and is set only when outcome->allowed
 * and cost > 0. Fills all of *outcome. Whoever owns the states frees their logs. Reads no clock;
 * any thread. */
void decide(const struct limit limits[], size_t count, struct limit_state states[], int64_t now_us,
            int64_t cost, struct outcome *outcome, int64_t keep_us[]);

/* As much of `cost` as fits beside what is used: what decide() would allow. Pure; any thread. */
int64_t decide_what_fits(const struct limit limits[], size_t count,
                         const struct limit_state states[], int64_t now_us, int64_t cost);

#endif
