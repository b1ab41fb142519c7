/* SPDX-License-Identifier: MIT */
#include "model_use.h"

#include "model_kept.h"
#include "support/reference_counter.h"

static void use_begin(struct model_use *use, int64_t now_us);
static int64_t keep_of(const struct model_use *use, size_t i,
                       const struct reference_answer *answer);
static void counters_of(const struct model_use *use, struct reference_counter *counters[]);

int64_t model_use_now(const struct model_use *use, int64_t now_us, int64_t skew_us)
{
    struct reference_counter *counters[REFERENCE_LIMITS_MAX];

    counters_of(use, counters);
    return reference_now(counters, use->limits, use->count, now_us, skew_us);
}

void model_use_fill(struct model_use *use, int64_t now_us, int64_t costs[])
{
    struct reference_counter *counters[REFERENCE_LIMITS_MAX];

    counters_of(use, counters);
    for (size_t i = 0; i < use->count; i++)
        costs[i] = reference_part(&counters[i], &use->limits[i], 1, now_us, costs[i]);
}

void model_use_part(struct model_use *use, int64_t now_us, int64_t costs[])
{
    struct reference_counter *counters[REFERENCE_LIMITS_MAX];

    if (costs[0] == 0)
        return;
    counters_of(use, counters);
    const int64_t part = reference_part(counters, use->limits, use->count, now_us, costs[0]);
    for (size_t i = 0; i < use->count; i++)
        costs[i] = part > 0 ? part : 1;
}

void model_use_check(struct model_use *use, int64_t now_us, const int64_t costs[],
                     struct reference_answer answers[])
{
    struct reference_counter *counters[REFERENCE_LIMITS_MAX];

    use_begin(use, now_us);
    counters_of(use, counters);

    const bool charges = reference_check(counters, use->limits, use->count, now_us, costs, answers);

    for (size_t i = 0; i < use->count; i++) {
        use->is_charged[i] = charges && costs[i] > 0;
        use->keep_us[i] = keep_of(use, i, &answers[i]);
    }
}

void model_use_charge(struct model_use *use, int64_t now_us, const int64_t costs[],
                      struct reference_answer answers[])
{
    use_begin(use, now_us);
    for (size_t i = 0; i < use->count; i++) {
        use->is_charged[i] = reference_charge(&use->counters[i]->counter, &use->limits[i], now_us,
                                              costs[i], &answers[i]);
        use->keep_us[i] = keep_of(use, i, &answers[i]);
        use->goes_on[i] =
            use->goes_on[i] &&
            reference_counter_goes_on(&use->limits[i], &use->counters[i]->counter, now_us);
    }
}

static void use_begin(struct model_use *use, int64_t now_us)
{
    for (size_t i = 0; i < use->count; i++) {
        const struct reference_counter *counter = &use->counters[i]->counter;

        use->is_moved[i] = reference_counter_is_ahead(&use->limits[i], counter, now_us);
        use->goes_on[i] = !use->is_moved[i] && counter->charged > 0 &&
                          reference_counter_goes_on(&use->limits[i], counter, now_us);
    }
}

/* What is written is kept for a moment at least. A period that is not used needs no key, though the
 * period ends. */
static int64_t keep_of(const struct model_use *use, size_t i, const struct reference_answer *answer)
{
    const struct reference_limit *limit = &use->limits[i];
    const bool is_written = use->is_charged[i] || use->is_moved[i];
    const bool has_period = limit->period.unit != REFERENCE_NO_PERIOD;

    if (has_period && limit->quota > 0 && answer->remaining == limit->quota)
        return 0;
    return is_written && answer->reset_us == 0 ? 1 : answer->reset_us;
}

static void counters_of(const struct model_use *use, struct reference_counter *counters[])
{
    for (size_t i = 0; i < use->count; i++)
        counters[i] = &use->counters[i]->counter;
}
