/* SPDX-License-Identifier: MIT
 *
 * Token bucket: B tokens at most, full at the start, refilled by L per W. What is kept is the debt,
 * the tokens that are missing, in units of one token * 1 us / W: a token is W units, and L units
 * come back per microsecond. So the arithmetic is on integers, exact as long as B * W < 2^53, and
 * no fraction of a token is lost however often the bucket is asked. Beyond that the sums round, by
 * far less than a token. leaky_bucket.c is made of it. Twin: lua/token_bucket.lua. */
#include "limit/algorithm.h"

#include <math.h>

/* limit_state.number[] */
enum { DEBT, LAST };

/* The largest integer up to which a double holds all of them. */
#define DURATION_US_MAX 9007199254740991.0

/* How long paying off `debt` takes. */
static double duration_us(double debt, double quota);

void token_bucket_decide(const struct limit *limit, struct limit_state *state, int64_t now_us,
                         int64_t cost_units, struct limit_outcome *outcome, int64_t *keep_us)
{
    double quota = (double)limit->quota;
    double window = (double)limit->window_us;
    double burst = (double)limit->burst;
    double cost = (double)cost_units;

    if (limit->quota == 0) { /* never refilled, so nothing to take and nothing to wait for */
        *outcome = (struct limit_outcome){.allowed = cost_units == 0, .never = cost_units > 0};
        return;
    }

    double last = state->number[LAST];
    double now = (double)now_us > last ? (double)now_us : last;
    double paid = (now - last) * quota;
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
    *keep_us = (int64_t)reset + ((int64_t)now - now_us);
}

static double duration_us(double debt, double quota)
{
    double duration = ceil(debt / quota);

    return duration < DURATION_US_MAX ? duration : DURATION_US_MAX;
}
