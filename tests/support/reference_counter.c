/* SPDX-License-Identifier: MIT
 *
 * The algorithms differ in what time does to a counter. A wait is the
 * shortest time after which something becomes true, and is found by a search. */
#include "support/reference_counter.h"

#define AMOUNT_MAX INT64_C(9007199254740991)

/* The window of a fixed_window that is open at a time, or that a charge would open. */
struct window {
    int64_t since_us; /* as a counter has it */
    int64_t end_us;   /* by the time that decides */
    bool is_open;
};

/* What time has left of a counter that is no log. */
struct use {
    int64_t since_us;
    reference_parts charged;
    reference_parts earlier;
    bool is_open;
};

static struct use use_at(const struct reference_limit *limit,
                         const struct reference_counter *counter, int64_t now_us);
static struct reference_counter counter_without(const struct reference_counter *counter,
                                                int64_t until_us);
static void log_change(struct reference_counter *counter, const struct reference_limit *limit,
                       int64_t now_us, int64_t cost);
static reference_parts logged_after(const struct reference_limit *limit,
                                    const struct reference_counter *counter, int64_t until_us);
static struct window window_at(const struct reference_limit *limit,
                               const struct reference_counter *counter, int64_t now_us);
static struct window period_at(const struct reference_limit *limit,
                               const struct reference_counter *counter, int64_t now_us);
static bool is_used(const struct reference_counter *counter);
static reference_parts clamped(reference_parts value, reference_parts max);

bool reference_counter_is_ahead(const struct reference_limit *limit,
                                const struct reference_counter *counter, int64_t now_us)
{
    if (reference_is_never_filled(limit) || !is_used(counter))
        return false;
    if (reference_has_period(limit))
        return counter->since_us > period_at(limit, counter, now_us).since_us;
    return counter->since_us > now_us;
}

bool reference_counter_goes_on(const struct reference_limit *limit,
                               const struct reference_counter *counter, int64_t now_us)
{
    if (limit->algorithm == REFERENCE_FIXED_WINDOW)
        return window_at(limit, counter, now_us).is_open;
    return limit->algorithm == REFERENCE_SLIDING_WINDOW && counter->charged > 0 &&
           now_us < counter->since_us + limit->window_us;
}

/* If the clock was put back to before the counter's time, all that it knows counts as of now. */
void reference_counter_move(const struct reference_limit *limit, struct reference_counter *counter,
                            int64_t now_us)
{
    if (!reference_counter_is_ahead(limit, counter, now_us))
        return;
    counter->since_us = now_us;
    if (limit->algorithm == REFERENCE_SLIDING_WINDOW)
        counter->since_us -= now_us % limit->window_us;
    if (reference_has_period(limit))
        counter->since_us = reference_period_start(&limit->period, now_us + limit->ahead_us);
    for (size_t i = 0; i < counter->charge_count; i++) {
        if (counter->charges[i].at_us > now_us)
            counter->charges[i].at_us = now_us;
    }
    counter->kept_until_us = now_us + reference_counter_reset(limit, counter, now_us);
}

struct reference_counter reference_counter_at(const struct reference_limit *limit,
                                              const struct reference_counter *counter,
                                              int64_t now_us)
{
    if (limit->algorithm == REFERENCE_SLIDING_WINDOW_LOG) /* [its time, its time + W) */
        return counter_without(counter, now_us - limit->window_us);

    const struct use use = use_at(limit, counter, now_us);

    return (struct reference_counter){
        .since_us = use.since_us,
        .charged = use.charged,
        .earlier = use.earlier,
        .is_open = use.is_open,
    };
}

void reference_counter_charge(struct reference_counter *counter,
                              const struct reference_limit *limit, int64_t now_us, int64_t cost)
{
    counter->is_open = limit->algorithm == REFERENCE_FIXED_WINDOW;
    if (limit->algorithm != REFERENCE_SLIDING_WINDOW_LOG) {
        counter->charged += (reference_parts)cost * limit->window_us;
        return;
    }
    ASSERT(counter->charge_count < REFERENCE_CHARGES_MAX);
    counter->charges[counter->charge_count++] = (struct reference_charge){now_us, cost};
    counter->charged += cost;
    counter->since_us = now_us;
}

/* Charges up to the largest amount, and gives back no more than is used: the present window's
 * first. */
void reference_counter_change(struct reference_counter *counter,
                              const struct reference_limit *limit, int64_t now_us, int64_t cost)
{
    const reference_parts changed = counter->charged + (reference_parts)cost * limit->window_us;

    if (limit->algorithm == REFERENCE_SLIDING_WINDOW_LOG) {
        log_change(counter, limit, now_us, cost);
        return;
    }
    if (limit->algorithm == REFERENCE_SLIDING_WINDOW && changed < 0)
        counter->earlier = clamped(counter->earlier + changed, counter->earlier);
    if (limit->algorithm == REFERENCE_FIXED_WINDOW)
        counter->is_open = counter->is_open || cost > 0;
    counter->charged = clamped(changed, (reference_parts)AMOUNT_MAX * limit->window_us);
}

reference_parts reference_counter_used(const struct reference_limit *limit,
                                       const struct reference_counter *counter, int64_t now_us)
{
    /* A bucket that is never filled is empty, and there is nothing to wait for. */
    if (reference_is_never_filled(limit))
        return 0;
    if (limit->algorithm == REFERENCE_SLIDING_WINDOW_LOG)
        return logged_after(limit, counter, now_us - limit->window_us);

    const struct use use = use_at(limit, counter, now_us);
    const int64_t elapsed = now_us - use.since_us;

    if (use.earlier == 0)
        return use.charged;
    return use.charged + use.earlier * (limit->window_us - elapsed) / limit->window_us;
}

/* The time until nothing is used; until the end of a fixed window, if there is one. */
int64_t reference_counter_reset(const struct reference_limit *limit,
                                const struct reference_counter *counter, int64_t now_us)
{
    if (limit->algorithm != REFERENCE_FIXED_WINDOW)
        return reference_counter_wait(limit, counter, now_us, 0);

    const struct window window = window_at(limit, counter, now_us);

    return window.is_open || reference_has_period(limit) ? window.end_us - now_us : 0;
}

/* The time until at most `used_max` is used, if nothing is charged: use never grows with time. */
int64_t reference_counter_wait(const struct reference_limit *limit,
                               const struct reference_counter *counter, int64_t now_us,
                               reference_parts used_max)
{
    int64_t too_short = -1;
    int64_t enough = 0;

    if (reference_counter_used(limit, counter, now_us) <= used_max)
        return 0;
    if (limit->algorithm == REFERENCE_FIXED_WINDOW)
        return reference_counter_reset(limit, counter, now_us);
    while (reference_counter_used(limit, counter, now_us + enough) > used_max) {
        too_short = enough;
        enough = enough * 2 + 1;
    }
    while (enough - too_short > 1) {
        int64_t middle = too_short + (enough - too_short) / 2;

        if (reference_counter_used(limit, counter, now_us + middle) > used_max)
            too_short = middle;
        else
            enough = middle;
    }
    return enough;
}

bool reference_is_never_filled(const struct reference_limit *limit)
{
    return reference_has_burst(limit->algorithm) && limit->quota == 0;
}

static struct use use_at(const struct reference_limit *limit,
                         const struct reference_counter *counter, int64_t now_us)
{
    const int64_t elapsed = now_us - counter->since_us;
    const reference_parts refilled = elapsed > 0 ? (reference_parts)elapsed * limit->quota : 0;
    const int64_t aligned = now_us - now_us % limit->window_us;
    struct window window;

    switch (limit->algorithm) {
    case REFERENCE_FIXED_WINDOW:
        window = window_at(limit, counter, now_us);
        return (struct use){
            .since_us = window.since_us,
            .charged = window.is_open ? counter->charged : 0,
            .is_open = window.is_open,
        };
    case REFERENCE_SLIDING_WINDOW:
        if (aligned == counter->since_us)
            return (struct use){aligned, counter->charged, counter->earlier, false};
        if (aligned == counter->since_us + limit->window_us)
            return (struct use){.since_us = aligned, .earlier = counter->charged};
        return (struct use){.since_us = aligned};
    case REFERENCE_TOKEN_BUCKET: /* L units per W are L parts per microsecond */
    case REFERENCE_LEAKY_BUCKET:
        return (struct use){
            .since_us = now_us,
            .charged = counter->charged > refilled ? counter->charged - refilled : 0,
        };
    case REFERENCE_SLIDING_WINDOW_LOG:
    case REFERENCE_ALGORITHM_COUNT:
        break;
    }
    ASSERT(!"an algorithm without a log");
    return (struct use){0};
}

/* Removes the charges until `until`. `charged` of a log is only what the last change made of it. */
static struct reference_counter counter_without(const struct reference_counter *counter,
                                                int64_t until_us)
{
    struct reference_counter left = {.since_us = counter->since_us};

    for (size_t i = 0; i < counter->charge_count; i++) {
        if (counter->charges[i].at_us <= until_us)
            continue;
        left.charges[left.charge_count++] = counter->charges[i];
        left.charged += counter->charges[i].cost;
    }
    return left;
}

/* The newest charges are given back first. At its limit a log has no more charges, but larger
 * ones. */
static void log_change(struct reference_counter *counter, const struct reference_limit *limit,
                       int64_t now_us, int64_t cost)
{
    const reference_parts used = counter->charged;
    int64_t left = (int64_t)(clamped(used + cost, AMOUNT_MAX) - used);

    if (left > 0 && used > 0 && used >= limit->quota)
        counter->charges[counter->charge_count - 1].cost += left;
    else if (left > 0) {
        reference_counter_charge(counter, limit, now_us, left);
        return;
    }
    counter->charged += left;
    while (left < 0) {
        struct reference_charge *newest = &counter->charges[counter->charge_count - 1];
        const int64_t given = newest->cost < -left ? newest->cost : -left;

        left += given;
        newest->cost -= given;
        counter->charge_count -= newest->cost == 0 ? 1 : 0;
    }
    counter->since_us =
        counter->charge_count > 0 ? counter->charges[counter->charge_count - 1].at_us : 0;
}

static reference_parts logged_after(const struct reference_limit *limit,
                                    const struct reference_counter *counter, int64_t until_us)
{
    reference_parts logged = 0;

    for (size_t i = 0; i < counter->charge_count; i++)
        logged += counter->charges[i].at_us > until_us ? counter->charges[i].cost : 0;
    return logged * limit->window_us;
}

/* [since, since + W), from the first charge on. */
static struct window window_at(const struct reference_limit *limit,
                               const struct reference_counter *counter, int64_t now_us)
{
    if (reference_has_period(limit))
        return period_at(limit, counter, now_us);
    if (counter->is_open && now_us - counter->since_us < limit->window_us)
        return (struct window){counter->since_us, counter->since_us + limit->window_us, true};
    return (struct window){now_us, now_us + limit->window_us, false};
}

/* If the counter is in the next period, and that is known, the clock was put back: the period goes
 * on. */
static struct window period_at(const struct reference_limit *limit,
                               const struct reference_counter *counter, int64_t now_us)
{
    const int64_t wall_us = now_us + limit->ahead_us;
    struct window window = {
        .since_us = reference_period_start(&limit->period, wall_us),
        .end_us = reference_period_end(&limit->period, wall_us),
    };

    if (counter->is_open && counter->since_us == window.end_us &&
        window.end_us < limit->unknown_us) {
        window.since_us = counter->since_us;
        window.end_us = reference_period_end(&limit->period, counter->since_us);
    }
    window.is_open = counter->is_open && counter->since_us >= window.since_us;
    window.end_us -= limit->ahead_us;
    return window;
}

bool reference_has_period(const struct reference_limit *limit)
{
    return limit->period.unit != REFERENCE_NO_PERIOD;
}

static bool is_used(const struct reference_counter *counter)
{
    return counter->is_open || counter->charged > 0 || counter->earlier > 0 ||
           counter->charge_count > 0;
}

/* 0..max */
static reference_parts clamped(reference_parts value, reference_parts max)
{
    if (value < 0)
        return 0;
    return value < max ? value : max;
}
