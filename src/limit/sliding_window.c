/* SPDX-License-Identifier: MIT
 *
 * Sliding window: at most L in the last W, estimated from two counters. Windows of length W follow
 * each other from time 0, and the use of the present and the previous one is known. The previous
 * window counts by the part of it that is still within the last W, as if its use had been even. So
 * no burst of twice the limit passes at the border of two windows. If the use was uneven, some time
 * of length W may still see more than L, but never 2 L.
 *
 * That part is compared as a weight, in units of one use * 1 us / W: each earlier use weighs as
 * many units as the present window has microseconds left. So the test is on integers, and exact
 * while L * W < 2^53. Beyond that the products round, by far less than one use. Twin:
 * lua/sliding_window.lua. */
#include "limit/algorithm.h"

#include "stored.h"

/* limit_state.number[]: the start of a window, what was used in the one before it, and in it */
enum { START, PREVIOUS, CURRENT };

static double start_of(double time, double window);
/* The counts in the window of `now`, which is not earlier than that of *state. */
static struct limit_state state_at(const struct limit_state *state, double window, double now);

enum settled sliding_window_settle(const struct limit *limit, struct limit_state *state,
                                   int64_t now_us)
{
    double window = (double)limit->window_us;
    double start = state->number[START];

    if (state->number[CURRENT] == 0) { /* a state is only written with a charge */
        *state = (struct limit_state){0};
        return SETTLED_AS_IT_WAS;
    }
    if (!stored_is_whole(state->number[CURRENT], LIMIT_QUOTA_MAX) ||
        !stored_is_whole(state->number[PREVIOUS], LIMIT_QUOTA_MAX) ||
        !stored_is_whole(start, LIMIT_TIME_US_MAX) || start != start_of(start, window)) {
        *state = (struct limit_state){0};
        return SETTLED_REFUSED;
    }
    if (start <= (double)now_us)
        return SETTLED_AS_IT_WAS;
    state->number[START] = start_of((double)now_us, window);
    return SETTLED_MOVED;
}

double sliding_window_stamp(const struct limit_state *state)
{
    return state->number[START];
}

void sliding_window_decide(const struct limit *limit, struct limit_state *state, int64_t now_us,
                           int64_t cost_units, struct limit_outcome *outcome)
{
    double quota = (double)limit->quota;
    double window = (double)limit->window_us;
    double cost = (double)cost_units;
    double now = (double)now_us;
    struct limit_state present = state_at(state, window, now);
    double previous = present.number[PREVIOUS];
    double current = present.number[CURRENT];
    double rest = window - (now - present.number[START]);
    double weight = previous * rest;
    double room = quota - cost - current; /* how much of `previous` may still count */
    bool never = cost > quota;
    bool allowed = weight <= room * window;
    double retry = 0;

    if (allowed)
        current = current + cost;
    else if (!never && room >= 0) /* the weight falls by `previous` per microsecond */
        retry = ceil((weight - room * window) / previous);
    else if (!never) /* in the next window, where `current` falls */
        retry = rest + ceil(-room * window / current);
    double used = current + ceil(weight / window);
    double left = quota > used ? quota - used : 0;
    double reset = current > 0 ? rest + window : previous > 0 ? rest : 0;

    retry = fmin(retry, reset); /* rounding up may make it 1 us later */
    *outcome = (struct limit_outcome){
        .allowed = allowed,
        .never = never,
        .remaining = (int64_t)left,
        .reset_us = (int64_t)reset,
        .retry_us = (int64_t)retry,
    };
    if (!allowed || cost_units == 0)
        return;
    present.number[CURRENT] = current;
    *state = present;
}

static double start_of(double time, double window)
{
    return floor(time / window) * window;
}

static struct limit_state state_at(const struct limit_state *state, double window, double now)
{
    double start = start_of(now, window);

    if (start == state->number[START]) /* it may be -0 */
        return (struct limit_state){
            .number = {start, state->number[PREVIOUS], state->number[CURRENT]}};
    if (start == state->number[START] + window)
        return (struct limit_state){.number = {start, state->number[CURRENT], 0}};
    return (struct limit_state){.number = {start, 0, 0}};
}
