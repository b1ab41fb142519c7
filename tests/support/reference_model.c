/* SPDX-License-Identifier: MIT
 *
 * A cost passes if there is room for it beside what is used. That is the same for all
 * algorithms. */
#include "support/reference_counter.h"

static void counter_answer(const struct reference_limit *limit, struct reference_counter *counter,
                           int64_t now_us, int64_t cost, bool all_allow,
                           struct reference_answer *answer);
static void counter_keep(const struct reference_limit *limit, struct reference_counter *counter,
                         const struct reference_counter *after, int64_t now_us);
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

int64_t reference_capacity(const struct reference_limit *limit)
{
    if (limit->quota == 0)
        return 0;
    return reference_has_burst(limit->algorithm) ? limit->burst : limit->quota;
}

int64_t reference_now(struct reference_counter *const counters[],
                      const struct reference_limit limits[], size_t count, int64_t now_us,
                      int64_t skew_us)
{
    int64_t latest_us = now_us;

    for (size_t i = 0; i < count; i++) {
        int64_t since_us = counters[i]->since_us;

        if (!reference_has_period(&limits[i]) && since_us > latest_us &&
            since_us <= now_us + skew_us)
            latest_us = since_us;
    }
    return latest_us;
}

int64_t reference_part(struct reference_counter *const counters[],
                       const struct reference_limit limits[], size_t count, int64_t now_us,
                       int64_t cost)
{
    int64_t part = cost;

    for (size_t i = 0; i < count; i++) {
        struct reference_counter copy = *counters[i];

        reference_counter_move(&limits[i], &copy, now_us);
        const int64_t left =
            units_left(&limits[i], reference_counter_used(&limits[i], &copy, now_us));
        part = left < part ? left : part;
    }
    return part;
}

bool reference_check(struct reference_counter *const counters[],
                     const struct reference_limit limits[], size_t count, int64_t now_us,
                     const int64_t costs[], struct reference_answer answers[])
{
    bool all_allow = true;
    bool charges_any = false;

    for (size_t i = 0; i < count; i++) {
        reference_counter_move(&limits[i], counters[i], now_us);
        reference_parts used = reference_counter_used(&limits[i], counters[i], now_us);

        answers[i] = (struct reference_answer){
            .allowed = used <= room_for(&limits[i], costs[i]),
            .never = costs[i] > reference_capacity(&limits[i]),
        };
        all_allow = all_allow && answers[i].allowed;
        charges_any = charges_any || costs[i] > 0;
    }
    for (size_t i = 0; i < count; i++)
        counter_answer(&limits[i], counters[i], now_us, costs[i], all_allow, &answers[i]);
    return all_allow && charges_any;
}

bool reference_charge(struct reference_counter *counter, const struct reference_limit *limit,
                      int64_t now_us, int64_t cost, struct reference_answer *answer)
{
    reference_counter_move(limit, counter, now_us);
    const struct reference_counter before = reference_counter_at(limit, counter, now_us);
    struct reference_counter after = before;

    if (!reference_is_never_filled(limit))
        reference_counter_change(&after, limit, now_us, cost);
    *answer = (struct reference_answer){
        .allowed = true,
        .remaining = units_left(limit, reference_counter_used(limit, &after, now_us)),
        .reset_us = reference_counter_reset(limit, &after, now_us),
    };
    if (after.charged == before.charged && after.earlier == before.earlier)
        return false;
    counter_keep(limit, counter, &after, now_us);
    return true;
}

/* The rest of the answer. Charges the cost if all limits allow. */
static void counter_answer(const struct reference_limit *limit, struct reference_counter *counter,
                           int64_t now_us, int64_t cost, bool all_allow,
                           struct reference_answer *answer)
{
    struct reference_counter before = reference_counter_at(limit, counter, now_us);
    struct reference_counter after = before;
    const bool is_charge = all_allow && cost > 0;

    if (is_charge)
        reference_counter_charge(&after, limit, now_us, cost);
    answer->remaining = units_left(limit, reference_counter_used(limit, &after, now_us));
    answer->reset_us = reference_counter_reset(limit, &after, now_us);
    if (!answer->allowed && !answer->never)
        answer->retry_us = reference_counter_wait(limit, &before, now_us, room_for(limit, cost));
    if (!is_charge)
        return;
    /* A queued check waits until nothing is left of what was queued before. */
    if (limit->algorithm == REFERENCE_LEAKY_BUCKET)
        answer->delay_us = reference_counter_wait(limit, &before, now_us, 0);
    counter_keep(limit, counter, &after, now_us);
}

/* If nothing is used of it, that is kept for a moment. */
static void counter_keep(const struct reference_limit *limit, struct reference_counter *counter,
                         const struct reference_counter *after, int64_t now_us)
{
    const int64_t reset_us = reference_counter_reset(limit, after, now_us);

    *counter = *after;
    counter->is_charged = true;
    counter->kept_until_us = now_us + (reset_us > 0 ? reset_us : 1);
}

/* How much may already be used so that `cost` passes; negative if it never passes. */
static reference_parts room_for(const struct reference_limit *limit, int64_t cost)
{
    return ((reference_parts)reference_capacity(limit) - cost) * limit->window_us;
}

static int64_t units_left(const struct reference_limit *limit, reference_parts used)
{
    reference_parts left = room_for(limit, 0) - used;

    return left > 0 ? (int64_t)(left / limit->window_us) : 0;
}
