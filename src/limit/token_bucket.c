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

/* What is not paid off at `now`. */
static double debt_at(const struct limit *limit, const struct limit_state *state, double now);
/* What a look finds. */
static struct limit_outcome outcome_of(const struct limit *limit, double debt);
/* The time to pay off `debt`. */
static double duration_us(double debt, double quota);

enum settled token_bucket_settle(const struct limit *limit, struct limit_state *state,
                                 int64_t now_us)
{
    double debt_max = (double)LIMIT_COST_MAX * (double)limit->window_us;

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

    double debt = debt_at(limit, state, (double)now_us);
    bool never = cost > burst;
    double debt_allowed = (burst - cost) * window;
    bool allowed = !never && debt <= debt_allowed;

    if (allowed)
        debt = debt + cost * window;
    *outcome = outcome_of(limit, debt);
    outcome->allowed = allowed;
    outcome->never = never;
    if (!allowed && !never)
        outcome->retry_us = (int64_t)duration_us(debt - debt_allowed, quota);
    if (!allowed || cost_units == 0)
        return;
    state->number[DEBT] = debt;
    state->number[LAST] = (double)now_us;
}

bool token_bucket_charge(const struct limit *limit, struct limit_state *state, int64_t now_us,
                         int64_t cost, struct limit_outcome *outcome)
{
    double window = (double)limit->window_us;

    if (limit->quota == 0) {
        *outcome = (struct limit_outcome){.allowed = true};
        return false;
    }

    double before = debt_at(limit, state, (double)now_us);
    double debt = fmin(fmax(before + (double)cost * window, 0), (double)LIMIT_COST_MAX * window);

    *outcome = outcome_of(limit, debt);
    if (debt == before)
        return false;
    state->number[DEBT] = debt;
    state->number[LAST] = (double)now_us;
    return true;
}

static double debt_at(const struct limit *limit, const struct limit_state *state, double now)
{
    double paid = (now - state->number[LAST]) * (double)limit->quota;

    return state->number[DEBT] > paid ? state->number[DEBT] - paid : 0;
}

static struct limit_outcome outcome_of(const struct limit *limit, double debt)
{
    double burst = (double)limit->burst;
    double missing = ceil(debt / (double)limit->window_us);

    return (struct limit_outcome){
        .allowed = true,
        .remaining = (int64_t)(burst > missing ? burst - missing : 0),
        .reset_us = (int64_t)duration_us(debt, (double)limit->quota),
    };
}

static double duration_us(double debt, double quota)
{
    double duration = ceil(debt / quota);

    return duration < LIMIT_TIME_US_MAX ? duration : LIMIT_TIME_US_MAX;
}
