/* SPDX-License-Identifier: MIT */
#include "model_use.h"

#include "model_kept.h"

static bool is_ahead(const struct reference_limit *limit, const struct reference_counter *counter,
                     int64_t now_us);
static bool goes_on(const struct reference_limit *limit, const struct reference_counter *counter,
                    int64_t now_us);

int64_t model_use_now(const struct model_use *use, int64_t now_us, int64_t skew_us)
{
    struct reference_counter *counters[REFERENCE_LIMITS_MAX];

    for (size_t i = 0; i < use->count; i++)
        counters[i] = &use->counters[i]->counter;
    return reference_now(counters, use->count, now_us, skew_us);
}

void model_use_fill(struct model_use *use, int64_t now_us, int64_t costs[])
{
    for (size_t i = 0; i < use->count; i++) {
        struct reference_counter copy = use->counters[i]->counter;
        struct reference_counter *counter = &copy;
        const int64_t nothing = 0;
        struct reference_answer look;

        (void)reference_check(&counter, &use->limits[i], 1, now_us, &nothing, &look);
        if (costs[i] > look.remaining)
            costs[i] = look.remaining;
    }
}

void model_use_check(struct model_use *use, int64_t now_us, const int64_t costs[],
                     struct reference_answer answers[])
{
    struct reference_counter *counters[REFERENCE_LIMITS_MAX];

    for (size_t i = 0; i < use->count; i++) {
        counters[i] = &use->counters[i]->counter;
        use->is_moved[i] = is_ahead(&use->limits[i], counters[i], now_us);
        use->goes_on[i] = !use->is_moved[i] && goes_on(&use->limits[i], counters[i], now_us);
    }

    const bool charges = reference_check(counters, use->limits, use->count, now_us, costs, answers);

    for (size_t i = 0; i < use->count; i++) {
        use->is_charged[i] = charges && costs[i] > 0;
        use->reset_us[i] = answers[i].reset_us;
    }
}

/* A bucket that is never filled has nothing that could be moved. */
static bool is_ahead(const struct reference_limit *limit, const struct reference_counter *counter,
                     int64_t now_us)
{
    return counter->is_charged && counter->since_us > now_us &&
           !(reference_has_burst(limit->algorithm) && limit->quota == 0);
}

/* Only windows have an end that later charges do not move. */
static bool goes_on(const struct reference_limit *limit, const struct reference_counter *counter,
                    int64_t now_us)
{
    const bool is_window =
        limit->algorithm == REFERENCE_FIXED_WINDOW || limit->algorithm == REFERENCE_SLIDING_WINDOW;

    return is_window && counter->charged > 0 && now_us < counter->since_us + limit->window_us;
}
