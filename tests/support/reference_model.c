/* SPDX-License-Identifier: MIT
 *
 * The algorithms differ in what time does to a counter: counter_at(). The rest is the same for all.
 * A cost passes if there is room for it beside what is used. A wait is the shortest time after
 * which something becomes true, and is found by a search. */
#include "support/reference_model.h"

static void counter_move(const struct reference_limit *limit, struct reference_counter *counter,
                         int64_t now_us);
static void counter_answer(const struct reference_limit *limit, struct reference_counter *counter,
                           int64_t now_us, int64_t cost, bool all_allow,
                           struct reference_answer *answer);
static struct reference_counter counter_at(const struct reference_limit *limit,
                                           const struct reference_counter *counter, int64_t now_us);
static struct reference_counter counter_without(const struct reference_counter *counter,
                                                const struct reference_limit *limit,
                                                int64_t until_us);
static void counter_charge(struct reference_counter *counter, const struct reference_limit *limit,
                           int64_t now_us, int64_t cost);
static reference_parts used_at(const struct reference_limit *limit,
                               const struct reference_counter *counter, int64_t now_us);
static int64_t least_wait(const struct reference_limit *limit,
                          const struct reference_counter *counter, int64_t now_us,
                          reference_parts used_max);

static int64_t capacity_of(const struct reference_limit *limit);
static reference_parts room_for(const struct reference_limit *limit, int64_t cost);
static int64_t units_left(const struct reference_limit *limit, reference_parts used);

static const char *const names[REFERENCE_ALGORITHM_COUNT] = {
    [REFERENCE_FIXED_WINDOW] = "fixed_window",
    [REFERENCE_SLIDING_WINDOW] = "sliding_window",
    [REFERENCE_SLIDING_WINDOW_LOG] = "sliding_window_log",
    [REFERENCE_TOKEN_BUCKET] = "token_bucket",
    [REFERENCE_LEAKY_BUCKET] = "leaky_bucket",
};

enum reference_algorithm reference_algorithm_of(const char *name)
{
    int algorithm = 0;

    while (algorithm < REFERENCE_ALGORITHM_COUNT && strcmp(names[algorithm], name) != 0)
        algorithm++;
    return (enum reference_algorithm)algorithm;
}

const char *reference_algorithm_name(enum reference_algorithm algorithm)
{
    return names[algorithm];
}

bool reference_has_burst(enum reference_algorithm algorithm)
{
    return algorithm == REFERENCE_TOKEN_BUCKET || algorithm == REFERENCE_LEAKY_BUCKET;
}

int64_t reference_now(struct reference_counter *const counters[], size_t count, int64_t now_us,
                      int64_t skew_us)
{
    int64_t latest_us = now_us;

    for (size_t i = 0; i < count; i++) {
        int64_t since_us = counters[i]->since_us;

        if (since_us > latest_us && since_us <= now_us + skew_us)
            latest_us = since_us;
    }
    return latest_us;
}

bool reference_check(struct reference_counter *const counters[],
                     const struct reference_limit limits[], size_t count, int64_t now_us,
                     const int64_t costs[], struct reference_answer answers[])
{
    bool all_allow = true;
    bool charges_any = false;

    for (size_t i = 0; i < count; i++) {
        counter_move(&limits[i], counters[i], now_us);
        reference_parts used = used_at(&limits[i], counters[i], now_us);

        answers[i] = (struct reference_answer){
            .allowed = used <= room_for(&limits[i], costs[i]),
            .never = costs[i] > capacity_of(&limits[i]),
        };
        all_allow = all_allow && answers[i].allowed;
        charges_any = charges_any || costs[i] > 0;
    }
    for (size_t i = 0; i < count; i++)
        counter_answer(&limits[i], counters[i], now_us, costs[i], all_allow, &answers[i]);
    return all_allow && charges_any;
}

/* The rest of the answer. Charges the cost if all limits allow. */
static void counter_answer(const struct reference_limit *limit, struct reference_counter *counter,
                           int64_t now_us, int64_t cost, bool all_allow,
                           struct reference_answer *answer)
{
    struct reference_counter before = counter_at(limit, counter, now_us);
    struct reference_counter after = before;
    const bool is_charge = all_allow && cost > 0;

    if (is_charge)
        counter_charge(&after, limit, now_us, cost);
    answer->remaining = units_left(limit, used_at(limit, &after, now_us));
    answer->reset_us = least_wait(limit, &after, now_us, 0);
    if (!answer->allowed && !answer->never)
        answer->retry_us = least_wait(limit, &before, now_us, room_for(limit, cost));
    if (!is_charge)
        return;
    /* A queued check waits until nothing is left of what was queued before. */
    if (limit->algorithm == REFERENCE_LEAKY_BUCKET)
        answer->delay_us = least_wait(limit, &before, now_us, 0);
    after.is_charged = true;
    after.kept_until_us = now_us + answer->reset_us;
    *counter = after;
}

/* If the clock was put back to before the counter's time, all that it knows counts as of now. */
static void counter_move(const struct reference_limit *limit, struct reference_counter *counter,
                         int64_t now_us)
{
    bool is_a_bucket = !(reference_has_burst(limit->algorithm) && limit->quota == 0);

    if (!counter->is_charged || counter->since_us <= now_us || !is_a_bucket)
        return;
    counter->since_us = now_us;
    if (limit->algorithm == REFERENCE_SLIDING_WINDOW)
        counter->since_us -= now_us % limit->window_us;
    for (size_t i = 0; i < counter->charge_count; i++) {
        if (counter->charges[i].at_us > now_us)
            counter->charges[i].at_us = now_us;
    }
    counter->kept_until_us = now_us + least_wait(limit, counter, now_us, 0);
}

/* The counter at `now_us`, which is not before the counter's own time. */
static struct reference_counter counter_at(const struct reference_limit *limit,
                                           const struct reference_counter *counter, int64_t now_us)
{
    int64_t elapsed = now_us - counter->since_us;
    reference_parts refilled = (reference_parts)elapsed * limit->quota;
    int64_t aligned = now_us - now_us % limit->window_us;

    switch (limit->algorithm) {
    case REFERENCE_FIXED_WINDOW: /* [since, since + W), from the first charge on */
        if (counter->charged > 0 && elapsed < limit->window_us)
            return *counter;
        return (struct reference_counter){.since_us = now_us};
    case REFERENCE_SLIDING_WINDOW:
        if (aligned == counter->since_us)
            return *counter;
        if (aligned == counter->since_us + limit->window_us)
            return (struct reference_counter){.since_us = aligned, .earlier = counter->charged};
        return (struct reference_counter){.since_us = aligned};
    case REFERENCE_SLIDING_WINDOW_LOG: /* a charge counts in [its time, its time + W) */
        return counter_without(counter, limit, now_us - limit->window_us);
    case REFERENCE_TOKEN_BUCKET: /* L units per W are L parts per microsecond */
    case REFERENCE_LEAKY_BUCKET:
        return (struct reference_counter){
            .since_us = now_us,
            .charged = counter->charged > refilled ? counter->charged - refilled : 0,
        };
    case REFERENCE_ALGORITHM_COUNT:
        break;
    }
    ASSERT(!"an algorithm");
    return *counter;
}

/* Removes the charges until `until`. */
static struct reference_counter counter_without(const struct reference_counter *counter,
                                                const struct reference_limit *limit,
                                                int64_t until_us)
{
    struct reference_counter left = {0};

    for (size_t i = 0; i < counter->charge_count; i++) {
        if (counter->charges[i].at_us > until_us)
            counter_charge(&left, limit, counter->charges[i].at_us, counter->charges[i].cost);
    }
    left.since_us = counter->since_us;
    return left;
}

static void counter_charge(struct reference_counter *counter, const struct reference_limit *limit,
                           int64_t now_us, int64_t cost)
{
    counter->charged += (reference_parts)cost * limit->window_us;
    if (limit->algorithm != REFERENCE_SLIDING_WINDOW_LOG)
        return;
    ASSERT(counter->charge_count < REFERENCE_CHARGES_MAX);
    counter->charges[counter->charge_count++] = (struct reference_charge){now_us, cost};
    counter->since_us = now_us;
}

static reference_parts used_at(const struct reference_limit *limit,
                               const struct reference_counter *counter, int64_t now_us)
{
    struct reference_counter now = counter_at(limit, counter, now_us);
    int64_t elapsed = now_us - now.since_us;

    /* A bucket that is never filled is empty, and there is nothing to wait for. */
    if (reference_has_burst(limit->algorithm) && limit->quota == 0)
        return 0;
    return now.charged + now.earlier * (limit->window_us - elapsed) / limit->window_us;
}

/* The time until at most `used_max` is used, if nothing is charged: use never grows with time. */
static int64_t least_wait(const struct reference_limit *limit,
                          const struct reference_counter *counter, int64_t now_us,
                          reference_parts used_max)
{
    int64_t too_short = -1;
    int64_t enough = 0;

    while (used_at(limit, counter, now_us + enough) > used_max) {
        too_short = enough;
        enough = enough * 2 + 1;
    }
    while (enough - too_short > 1) {
        int64_t middle = too_short + (enough - too_short) / 2;

        if (used_at(limit, counter, now_us + middle) > used_max)
            too_short = middle;
        else
            enough = middle;
    }
    return enough;
}

static int64_t capacity_of(const struct reference_limit *limit)
{
    if (limit->quota == 0)
        return 0;
    return reference_has_burst(limit->algorithm) ? limit->burst : limit->quota;
}

/* How much may already be used so that `cost` passes; negative if it never passes. */
static reference_parts room_for(const struct reference_limit *limit, int64_t cost)
{
    return ((reference_parts)capacity_of(limit) - cost) * limit->window_us;
}

static int64_t units_left(const struct reference_limit *limit, reference_parts used)
{
    reference_parts left = room_for(limit, 0) - used;

    return left > 0 ? (int64_t)(left / limit->window_us) : 0;
}
