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
/* What a look finds. */
static struct limit_outcome outcome_of(const struct limit *limit, const struct limit_state *present,
                                       double now);
/* The counts in the window of `now`, which is not earlier than that of *state. */
static struct limit_state state_at(const struct limit_state *state, double window, double now);

enum settled sliding_window_settle(const struct limit *limit, struct limit_state *state,
                                   int64_t now_us)
{
    double window = (double)limit->window_us;
    double start = state->number[START];

    if (state->number[CURRENT] == 0 && state->number[PREVIOUS] == 0) { /* nothing is used */
        *state = (struct limit_state){0};
        return SETTLED_AS_IT_WAS;
    }
    if (!stored_is_whole(state->number[CURRENT], LIMIT_COST_MAX) ||
        !stored_is_whole(state->number[PREVIOUS], LIMIT_COST_MAX) ||
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
    present.number[CURRENT] = current;
    *outcome = outcome_of(limit, &present, now);
    outcome->allowed = allowed;
    outcome->never = never;
    outcome->retry_us = (int64_t)fmin(retry, (double)outcome->reset_us); /* it was rounded up */
    if (allowed && cost_units > 0)
        *state = present;
}

/* Gives back the present count first, then the previous one. */
bool sliding_window_charge(const struct limit *limit, struct limit_state *state, int64_t now_us,
                           int64_t cost_units, struct limit_outcome *outcome)
{
    double now = (double)now_us;
    struct limit_state before = state_at(state, (double)limit->window_us, now);
    struct limit_state present = before;
    double current = before.number[CURRENT] + (double)cost_units;

    if (current < 0)
        present.number[PREVIOUS] = fmax(before.number[PREVIOUS] + current, 0);
    present.number[CURRENT] = fmin(fmax(current, 0), LIMIT_COST_MAX);
    *outcome = outcome_of(limit, &present, now);
    if (present.number[CURRENT] == before.number[CURRENT] &&
        present.number[PREVIOUS] == before.number[PREVIOUS])
        return false;
    *state = present;
    return true;
}

static struct limit_outcome outcome_of(const struct limit *limit, const struct limit_state *present,
                                       double now)
{
    double quota = (double)limit->quota;
    double window = (double)limit->window_us;
    double previous = present->number[PREVIOUS];
    double current = present->number[CURRENT];
    double rest = window - (now - present->number[START]);
    double used = current + ceil(previous * rest / window);

    return (struct limit_outcome){
        .allowed = true,
        .remaining = (int64_t)(quota > used ? quota - used : 0),
        .reset_us = (int64_t)(current > 0    ? rest + window
                              : previous > 0 ? rest
                                             : 0),
    };
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
