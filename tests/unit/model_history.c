/* SPDX-License-Identifier: MIT */
#include "model_history.h"

#include "base/duration.h"
#include "limit/algorithm.h"
#include "support/cmocka.h"
#include "support/random.h"

#define WINDOWS_APART    64                 /* > MODEL_HISTORY_LIMITS + MODEL_HISTORY_OPERATIONS */
#define QUOTA_WINDOW_MAX (INT64_C(1) << 51) /* quota * window_us: a sum of a few is below 2^53 */
#define WALL_US          INT64_C(1763735373123457)
#define SECOND           SECOND_US

static void operation_make(struct model_operation *operation, struct limit limits[],
                           size_t limit_count, size_t window_index);
static int64_t cost_make(const struct limit *limit);
static int64_t step_make(const struct limit *limit);
static struct limit limit_make(size_t window_index);
static void amounts_make(struct limit *limit);
static void operation_print(const struct model_operation *operation);
static void limit_print(const struct limit *limit);

void model_history_make(struct model_history *history)
{
    struct limit limits[MODEL_HISTORY_LIMITS];

    *history = (struct model_history){
        .limit_count = 1 + (size_t)random_below(MODEL_HISTORY_LIMITS),
        .start_us = random_one_in(2) ? 0 : WALL_US,
        .count = MODEL_HISTORY_OPERATIONS,
    };
    for (size_t i = 0; i < history->limit_count; i++)
        limits[i] = history->limits[i] = limit_make(1 + i);
    for (size_t i = 0; i < history->count; i++)
        operation_make(&history->operations[i], limits, history->limit_count,
                       1 + MODEL_HISTORY_LIMITS + i);
}

void model_history_shrink(struct model_history *history, model_history_failure_fn *failure,
                          void *context)
{
    size_t i = history->count;

    while (i-- > 0) {
        struct model_history without = *history;

        memmove(&without.operations[i], &without.operations[i + 1],
                (without.count - i - 1) * sizeof(without.operations[0]));
        without.count--;
        size_t failed = failure(context, &without);
        if (failed == 0)
            continue;
        without.count = failed;
        *history = without;
        i = failed;
    }
}

void model_history_print(const struct model_history *history)
{
    print_message("at %lld\n", (long long)history->start_us);
    for (size_t i = 0; i < history->limit_count; i++) {
        print_message("limit %zu: ", i);
        limit_print(&history->limits[i]);
    }
    for (size_t i = 0; i < history->count; i++)
        operation_print(&history->operations[i]);
}

/* `limits` are the present ones. */
static void operation_make(struct model_operation *operation, struct limit limits[],
                           size_t limit_count, size_t window_index)
{
    int64_t die = random_below(42);

    *operation = (struct model_operation){.which = (size_t)random_below((int64_t)limit_count)};
    struct limit *limit = &limits[operation->which];
    if (die < 24) {
        operation->kind = MODEL_CHECK;
        operation->amount = die < 4 ? 0 : cost_make(limit);
    } else if (die < 36) {
        operation->kind = MODEL_CLOCK;
        operation->amount = die < 34 ? step_make(limit) : -step_make(limit);
    } else if (die < 37) {
        operation->kind = MODEL_FORGET;
    } else if (die < 39) {
        operation->kind = MODEL_EVICT;
    } else {
        operation->kind = MODEL_EDIT;
        if (die < 41)
            amounts_make(limit);
        else
            *limit = limit_make(window_index);
        operation->limit = *limit;
    }
}

static int64_t cost_make(const struct limit *limit)
{
    return random_one_in(2) ? 1 + random_below(3) : random_below(limit->burst + 3);
}

/* At most two windows. Some steps lead to the very end of a window or of a token. */
static int64_t step_make(const struct limit *limit)
{
    int64_t unit = limit->quota > 0 ? limit->window_us / limit->quota : limit->window_us;

    if (random_one_in(6))
        return limit->window_us - random_below(2);
    if (random_one_in(6))
        return unit * (1 + random_below(3)) + random_below(2);
    return random_of_any_size(2 * limit->window_us);
}

/* Each `window_index` is used once and has windows of its own, 1 s to 6 months. */
static struct limit limit_make(size_t window_index)
{
    struct limit limit = {
        .algorithm = (enum algorithm_id)random_below(ALGORITHM_COUNT),
        .window_us =
            SECOND * (random_of_any_size(1 << 18) / 2 * WINDOWS_APART + (int64_t)window_index),
    };

    amounts_make(&limit);
    return limit;
}

/* Often small, to meet the edges often, but of every size. */
static void amounts_make(struct limit *limit)
{
    int64_t max = QUOTA_WINDOW_MAX / limit->window_us;

    if (max > algorithm_quota_max(limit->algorithm))
        max = algorithm_quota_max(limit->algorithm);
    limit->quota = random_one_in(3) ? random_of_any_size(max) : random_below(12);
    limit->burst = random_one_in(3) ? random_of_any_size(max) : random_below(12);
    if (!algorithm_of(limit->algorithm)->has_burst)
        limit->burst = limit->quota;
}

static void operation_print(const struct model_operation *operation)
{
    switch (operation->kind) {
    case MODEL_CHECK:
        print_message("check cost %lld\n", (long long)operation->amount);
        break;
    case MODEL_FORGET:
        print_message("forget\n");
        break;
    case MODEL_EVICT:
        print_message("evict %zu\n", operation->which);
        break;
    case MODEL_EDIT:
        print_message("edit limit %zu: ", operation->which);
        limit_print(&operation->limit);
        break;
    case MODEL_CLOCK:
        print_message("clock %+lld us\n", (long long)operation->amount);
        break;
    }
}

static void limit_print(const struct limit *limit)
{
    print_message("%s, %lld per %lld s, burst %lld\n", algorithm_of(limit->algorithm)->name,
                  (long long)limit->quota, (long long)(limit->window_us / SECOND),
                  (long long)limit->burst);
}
