/* SPDX-License-Identifier: MIT
 *
 * Fixed window: at most L in [start, end). A window starts at the first charged request and lasts
 * W; or it is a period of a calendar. It is never moved by a denial or a look. If all of it is
 * given back, it stays open until its end. Twin: lua/fixed_window.lua.
 *
 * A state keeps the start of its period by Unix time, whatever clock decides, because that is what
 * the period is. So a wall clock that is set back does not open a period again that is over. */
#include "limit/algorithm.h"
#include "limit/calendar.h"

#include "stored.h"

/* limit_state.number[] */
enum { START, USED };

/* The window that is open at a time, or that a charge would open. All by its clock. */
struct window {
    double now;
    double start;
    double rest; /* the time until its end */
    double used;
    bool is_open;
};

static struct window window_at(const struct limit *limit, const struct limit_state *state,
                               int64_t now_us);
static struct window lasting_window(const struct limit *limit, const struct limit_state *state,
                                    double now);
static struct window period_at(const struct calendar *calendar, const struct limit_state *state,
                               double now);
static bool is_unused(const struct limit_state *state);
/* What a look finds. */
static struct limit_outcome outcome_of(const struct limit *limit, const struct window *window);
static void window_keep(const struct window *window, struct limit_state *state);

enum settled fixed_window_settle(const struct limit *limit, struct limit_state *state,
                                 int64_t now_us)
{
    if (is_unused(state)) {
        *state = (struct limit_state){0};
        return SETTLED_AS_IT_WAS;
    }
    if (!stored_is_whole(state->number[USED], LIMIT_COST_MAX) ||
        !stored_is_whole(state->number[START], LIMIT_TIME_US_MAX)) {
        *state = (struct limit_state){0};
        return SETTLED_REFUSED;
    }

    struct window window = window_at(limit, state, now_us);

    /* The period that comes next is no fault: the clock was set back a little. */
    if (state->number[START] <= (limit->calendar == NULL ? window.now : window.start))
        return SETTLED_AS_IT_WAS;
    state->number[START] = limit->calendar == NULL ? window.now : window.start;
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
    double cost = (double)cost_units;
    struct window window = window_at(limit, state, now_us);
    bool allowed = window.used + cost <= quota;
    bool never = cost > quota;

    if (allowed && cost_units > 0) {
        window.used = window.used + cost;
        window.is_open = true;
        window_keep(&window, state);
    }
    *outcome = outcome_of(limit, &window);
    outcome->allowed = allowed;
    outcome->never = never;
    outcome->retry_us = allowed || never ? 0 : outcome->reset_us;
}

bool fixed_window_charge(const struct limit *limit, struct limit_state *state, int64_t now_us,
                         int64_t cost, struct limit_outcome *outcome)
{
    struct window window = window_at(limit, state, now_us);
    double used = fmin(fmax(window.used + (double)cost, 0), LIMIT_COST_MAX);
    bool changes = used != window.used;

    if (changes) {
        window.used = used;
        window.is_open = true;
        window_keep(&window, state);
    }
    *outcome = outcome_of(limit, &window);
    return changes;
}

static struct window window_at(const struct limit *limit, const struct limit_state *state,
                               int64_t now_us)
{
    const struct calendar *calendar = limit->calendar;

    if (calendar == NULL)
        return lasting_window(limit, state, (double)now_us);
    return period_at(calendar, state, (double)(now_us + calendar->ahead_us));
}

static struct window lasting_window(const struct limit *limit, const struct limit_state *state,
                                    double now)
{
    double length = (double)limit->window_us;
    double start = state->number[START];

    if (!is_unused(state) && now - start < length)
        return (struct window){now, start, length - (now - start), state->number[USED], true};
    return (struct window){now, now, length, 0, false};
}

static struct window period_at(const struct calendar *calendar, const struct limit_state *state,
                               double now)
{
    const int64_t *starts = calendar->starts_us;
    size_t place = calendar_find(calendar, (int64_t)now);

    /* The clock was set back, out of the period of the state: that is still the present one, if it
     * is known when it ends. */
    if (place + 2 < CALENDAR_STARTS && state->number[START] == (double)starts[place + 1] &&
        starts[place + 2] > starts[place + 1])
        place++;

    double start = (double)starts[place];
    double rest = (double)starts[place + 1] - now;

    if (!is_unused(state) && state->number[START] >= start)
        return (struct window){now, start, rest, state->number[USED], true};
    return (struct window){now, start, rest, 0, false};
}

/* An open window of which nothing is used has a start. */
static bool is_unused(const struct limit_state *state)
{
    return state->number[USED] == 0 && state->number[START] == 0;
}

/* A period ends whether it is used or not. */
static struct limit_outcome outcome_of(const struct limit *limit, const struct window *window)
{
    double quota = (double)limit->quota;
    bool ends = window->is_open || limit->calendar != NULL;

    return (struct limit_outcome){
        .allowed = true,
        .remaining = (int64_t)(quota > window->used ? quota - window->used : 0),
        .reset_us = (int64_t)(ends ? window->rest : 0),
    };
}

static void window_keep(const struct window *window, struct limit_state *state)
{
    state->number[START] = window->start;
    state->number[USED] = window->used;
}
