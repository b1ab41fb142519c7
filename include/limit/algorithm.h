/* SPDX-License-Identifier: MIT
 *
 * What an algorithm is, and the decision over several limits. The list of algorithms, and what a
 * new one needs, is in algorithms.h.
 *
 * All formulas are integer arithmetic in IEEE doubles, in the same order of operations in C and in
 * Lua, so that both give the same bits. */
#ifndef LIMIT_ALGORITHM_H
#define LIMIT_ALGORITHM_H

#include "limit/limit.h"

/* What came of a stored state. */
enum settled {
    SETTLED_AS_IT_WAS,
    SETTLED_MOVED,  /* its stamp was in the future; the moved state must be stored */
    SETTLED_REFUSED /* no limit of this algorithm and window can have written it */
};

/* Makes a stored state ready for a decision at `now_us`. A stored state is input, whoever wrote it.
 * Its numbers must be whole, and some quota and burst must explain them; else it becomes all zero,
 * like a subject that was never seen. A stamp later than `now_us` means that a clock was wrong,
 * then or now. The stamp is moved to `now_us`, and what was used stays used. So no caller waits
 * longer than the algorithm can ask for, and each step of a clock lets at most one more limit pass.
 * Any thread; a log is changed in place. */
typedef enum settled algorithm_settle_fn(const struct limit *limit, struct limit_state *state,
                                         int64_t now_us);

/* The time at which a state was written. If the state is not settled, it may be any number. */
typedef double algorithm_stamp_fn(const struct limit_state *state);

/* Decides `cost` (>= 0; 0 looks without charging) at `now_us` against one limit, whose state is
 * settled. If it is allowed and cost > 0, *state becomes what to keep for outcome->reset_us.
 * Otherwise *state stays as it is: a denial and a look write nothing. Pure; any thread. A log is
 * not changed: what to add is noted in *state, for limit_state_charge(). */
typedef void algorithm_decide_fn(const struct limit *limit, struct limit_state *state,
                                 int64_t now_us, int64_t cost, struct limit_outcome *outcome);

/* Charges `cost` after the fact: whatever the limit is if it is positive, and at most up to
 * LIMIT_COST_MAX in all; or gives it back if it is negative, but no more than is used. *outcome is
 * that of a look afterwards, but always allowed. Returns whether *state has changed, and must be
 * kept. Else as above. */
typedef bool algorithm_charge_fn(const struct limit *limit, struct limit_state *state,
                                 int64_t now_us, int64_t cost, struct limit_outcome *outcome);

struct algorithm {
    const char *name; /* as in policies, and the name of its Lua file and function */
    enum state_kind state;
    size_t state_numbers; /* how many of limit_state's numbers it uses; 0: another kind of state */
    bool has_burst;       /* whether a policy may give `burst` */
    bool has_delay;       /* whether an outcome may have a delay_us */
    algorithm_settle_fn *settle;
    algorithm_stamp_fn *stamp;
    algorithm_decide_fn *decide;
    algorithm_charge_fn *charge;
};

const struct algorithm *algorithm_of(enum algorithm_id id);

/* The algorithms' names in the order of enum algorithm_id, ending with NULL. */
extern const char *const algorithm_names[ALGORITHM_COUNT + 1];

enum state_kind algorithm_state(enum algorithm_id id);

/* The largest quota that a limit of this algorithm may have. A fixed window only adds and compares,
 * so it is exact as far as a double is. Others multiply a quota by a time. */
int64_t algorithm_quota_max(enum algorithm_id id);

/* The most that can be taken at once: the burst; 0 when the quota is 0. */
int64_t limit_capacity(const struct limit *limit);

/* The longest time for which a charge may count: a window, two where the window slides, or the time
 * in which an empty bucket fills. */
int64_t limit_memory_us(const struct limit *limit);

/* fixed_window_decide() and so on: four functions per row of the list. */
#define ALGORITHM_FUNCTIONS(word, name, state_numbers, has_burst, has_delay)                       \
    algorithm_settle_fn name##_settle;                                                             \
    algorithm_stamp_fn name##_stamp;                                                               \
    algorithm_decide_fn name##_decide;                                                             \
    algorithm_charge_fn name##_charge;
ALGORITHMS(ALGORITHM_FUNCTIONS)
#undef ALGORITHM_FUNCTIONS

/* Settles the `states` of `count` limits and decides costs[i] against each of them, all or none:
 * either every limit allows and all are charged, or none is. If one denies, the outcomes of the
 * others are those of a look, so that `remaining` is what is really left. keep_us[i] says how long
 * to keep states[i] from now_us on; 0 means that what is stored may stay as it is. Fills all of
 * *outcome. The owner of the states frees their logs. Reads no clock; any thread. */
void decide(const struct limit limits[], size_t count, struct limit_state states[], int64_t now_us,
            const int64_t costs[], struct outcome *outcome, int64_t keep_us[]);

/* Charges costs[i] to each of the limits, as algorithm_charge_fn does. Else as decide(). */
void decide_charge(const struct limit limits[], size_t count, struct limit_state states[],
                   int64_t now_us, const int64_t costs[], struct outcome *outcome,
                   int64_t keep_us[]);

/* What to decide if a part of `cost` will do: the largest that all of the limits would allow. If
 * not even one unit fits, that is what they deny. Any thread. */
int64_t decide_part(const struct limit limits[], size_t count, const struct limit_state states[],
                    int64_t now_us, int64_t cost);

/* The time at which to decide: the latest stamp of the states that is ahead of `now_us` by at most
 * `skew_us`, else `now_us`. Threads read their clocks at different moments, so one may see a charge
 * that is later than its own time. This way no stretch of time counts twice. A period has no stamp
 * by this clock. Pure; any thread. */
int64_t decide_at(const struct limit limits[], size_t count, const struct limit_state states[],
                  int64_t now_us, int64_t skew_us);

/* The largest part of `cost` that the limit alone would allow. Any thread. */
int64_t decide_what_fits(const struct limit *limit, const struct limit_state *state, int64_t now_us,
                         int64_t cost);

#endif
