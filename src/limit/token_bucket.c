/* SPDX-License-Identifier: MIT
 *
 * Token bucket: at most B tokens, full at the start, refilled by L per W. The state is the debt,
 * the missing tokens, in units of one token * 1 us / W: a token is W units, and L units come back
 * per microsecond. So the arithmetic is on integers, and exact while B * W < 2^53: no fraction of a
 * token is lost, however often the bucket is asked. Beyond that the sums round, by far less than a
 * token. leaky_bucket.c uses this code. Twin: lua/token_bucket.lua. */
#include "limit/algorithm.h"

#include "stored.h"

/* limit_state.number[] */
enum { DEBT, LAST };

/* The largest debt that any burst allows, and one token more for rounding. */
#define TOKENS_MAX (LIMIT_QUOTA_MAX + 1)

/* The time to pay off `debt`. */
static double duration_us(double debt, double quota);

enum settled token_bucket_settle(const struct limit *limit, struct limit_state *state,
                                 int64_t now_us)
{
    double debt_max = (double)TOKENS_MAX * (double)limit->window_us;

    if (limit->quota == 0)
        return SETTLED_AS_IT_WAS;   /* it is not read */
    if (state->number[DEBT] == 0) { /* a state is only written with a charge */
        *state = (struct limit_state){0};
        return SETTLED_AS_IT_WAS;
    }
    if (!stored_is_whole(state->number[DEBT], debt_max) ||
        !stored_is_whole(state->number[LAST], LIMIT_TIME_US_MAX)) {
        *state = (struct limit_state){0};
        return SETTLED_REFUSED;
    }
    if (state->number[LAST] <= (double)now_us)
        return SETTLED_AS_IT_WAS;
    state->number[LAST] = (double)now_us;
    return SETTLED_MOVED;
}

double token_bucket_stamp(const struct limit_state *state)
{
    return state->number[LAST];
}

void token_bucket_decide(const struct limit *limit, struct limit_state *state, int64_t now_us,
                         int64_t cost_units, struct limit_outcome *outcome)
{
    double quota = (double)limit->quota;
    double window = (double)limit->window_us;
    double burst = (double)limit->burst;
    double cost = (double)cost_units;

    if (limit->quota == 0) { /* never refilled: nothing to take or to wait for */
        *outcome = (struct limit_outcome){.allowed = cost_units == 0, .never = cost_units > 0};
        return;
    }

    double now = (double)now_us;
    double paid = (now - state->number[LAST]) * quota;
    double debt = state->number[DEBT] > paid ? state->number[DEBT] - paid : 0;
    bool never = cost > burst;
    double debt_allowed = (burst - cost) * window;
    bool allowed = !never && debt <= debt_allowed;

    if (allowed)
        debt = debt + cost * window;
    double missing = ceil(debt / window);
    double left = burst > missing ? burst - missing : 0;
    double reset = duration_us(debt, quota);
    double retry = allowed || never ? 0 : duration_us(debt - debt_allowed, quota);

    *outcome = (struct limit_outcome){
        .allowed = allowed,
        .never = never,
        .remaining = (int64_t)left,
        .reset_us = (int64_t)reset,
        .retry_us = (int64_t)retry,
    };
    if (!allowed || cost_units == 0)
        return;
    state->number[DEBT] = debt;
    state->number[LAST] = now;
}

static double duration_us(double debt, double quota)
{
    double duration = ceil(debt / quota);

    return duration < LIMIT_TIME_US_MAX ? duration : LIMIT_TIME_US_MAX;
}
