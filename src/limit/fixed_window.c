/* SPDX-License-Identifier: MIT
 *
 * Fixed window: at most L in [start, start + W). A window starts at the first charged request and
 * is never moved by a denial or a look. Twin: lua/fixed_window.lua. */
#include "limit/algorithm.h"

#include "stored.h"

/* limit_state.number[] */
enum { START, USED };

/* What is used in the window that is open at `now`. If none is open, *start becomes `now`. */
static double used_at(const struct limit_state *state, double window, double now, double *start);

enum settled fixed_window_settle(const struct limit *limit, struct limit_state *state,
                                 int64_t now_us)
{
    double start = state->number[START];
    double used = state->number[USED];

    (void)limit;
    if (used == 0) { /* a state is only written with a charge */
        *state = (struct limit_state){0};
        return SETTLED_AS_IT_WAS;
    }
    if (!stored_is_whole(used, LIMIT_COST_MAX) || !stored_is_whole(start, LIMIT_TIME_US_MAX)) {
        *state = (struct limit_state){0};
        return SETTLED_REFUSED;
    }
    if (start <= (double)now_us)
        return SETTLED_AS_IT_WAS;
    state->number[START] = (double)now_us;
    return SETTLED_MOVED;
}

double fixed_window_stamp(const struct limit_state *state)
{
    return state->number[START];
}

void fixed_window_decide(const struct limit *limit, struct limit_state *state, int64_t now_us,
                         int64_t cost_units, struct limit_outcome *outcome)
{
    double quota = (double)limit->quota;
    double window = (double)limit->window_us;
    double cost = (double)cost_units;
    double now = (double)now_us;
    double start = state->number[START];
    double used = used_at(state, window, now, &start);
    bool allowed = used + cost <= quota;

    if (allowed)
        used = used + cost;
    double left = quota > used ? quota - used : 0;
    double reset = used > 0 ? window - (now - start) : 0;
    bool never = cost > quota;

    *outcome = (struct limit_outcome){
        .allowed = allowed,
        .never = never,
        .remaining = (int64_t)left,
        .reset_us = (int64_t)reset,
        .retry_us = allowed || never ? 0 : (int64_t)reset,
    };
    if (!allowed || cost_units == 0)
        return;
    state->number[START] = start;
    state->number[USED] = used;
}

static double used_at(const struct limit_state *state, double window, double now, double *start)
{
    bool open = state->number[USED] > 0 && now - state->number[START] < window;

    if (open)
        return state->number[USED];
    *start = now;
    return 0;
}
