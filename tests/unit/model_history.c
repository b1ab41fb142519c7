/* SPDX-License-Identifier: MIT */
#include "model_history.h"

#include "limit/algorithm.h"
#include "support/cmocka.h"
#include "support/random.h"
#include "support/reference_pool.h"

#define QUOTA_WINDOW_MAX (INT64_C(1) << 51) /* quota * window_us: a sum of a few is below 2^53 */
#define WALL_US          INT64_C(1763735373123457)
#define SECOND           SECOND_US
#define ALL_VALUES       (1U << REFERENCE_SUBJECTS)
/* A charge may be so much past the limit: fifty such charges and a quota are below 2^53. */
#define CHARGE_WINDOW_MAX (INT64_C(1) << 47)
#define CHARGE_LOG_MAX    (INT64_C(1) << 46)

static void operation_make(struct model_operation *operation, struct reference_pool *pool);
static void decision_make(struct model_operation *operation, const struct reference_pool *pool);
static void clock_make(struct model_operation *operation, const struct reference_pool *pool,
                       const struct reference_limit *limit);
static int64_t step_make(const struct reference_limit *limit);
static int64_t wall_make(const struct reference_pool *pool);
static void limit_make(const struct reference_pool *pool, struct reference_limit *limit);
static void amounts_make(struct reference_limit *limit);
static int64_t amount_max(const struct reference_limit *limit);
static int64_t amount_make(int64_t max);
static int64_t charge_max(const struct reference_limit *limit);
static void operation_print(const struct model_operation *operation);
static void policy_print(const struct reference_policy *policy);

void model_history_make(struct model_history *history)
{
    struct reference_pool pool = {
        .limit_make = limit_make,
        .amounts_make = amounts_make,
        .charge_max = charge_max,
    };

    reference_pool_make(&pool);
    *history = (struct model_history){
        .policy = reference_pool_policy(&pool),
        .start_us = random_one_in(2) ? 0 : WALL_US,
        .wall_us = pool.has_periods ? wall_make(&pool) : 0,
        .count = MODEL_HISTORY_OPERATIONS,
    };
    for (size_t i = 0; i < history->count; i++)
        operation_make(&history->operations[i], &pool);
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
    print_message("at %lld, Unix time %lld\n", (long long)history->start_us,
                  (long long)history->wall_us);
    policy_print(&history->policy);
    for (size_t i = 0; i < history->count; i++)
        operation_print(&history->operations[i]);
}

static void operation_make(struct model_operation *operation, struct reference_pool *pool)
{
    const struct reference_limit *limit = reference_pool_choose(pool);
    int64_t die = random_below(50);

    *operation = (struct model_operation){
        .is_late = random_one_in(4),
        .values = reference_pool_values(pool),
        .terms = reference_pool_terms(pool),
        .given = (unsigned)random_below(ALL_VALUES),
        .which = (size_t)random_below(REFERENCE_POOL_POLICY),
    };
    if (die < 30) {
        decision_make(operation, pool);
    } else if (die < 41) {
        clock_make(operation, pool, limit);
    } else if (die < 42) {
        operation->kind = MODEL_FORGET;
    } else if (die < 43) {
        operation->kind = MODEL_LOSE;
    } else {
        operation->kind = MODEL_EDIT;
        reference_pool_edit(pool);
        operation->policy = reference_pool_policy(pool);
    }
}

static void decision_make(struct model_operation *operation, const struct reference_pool *pool)
{
    static const enum model_operation_kind kinds[] = {
        MODEL_TAKE,   MODEL_TAKE,   MODEL_TAKE,   MODEL_TAKE,   MODEL_TAKE, MODEL_TAKE,
        MODEL_TAKE,   MODEL_LOOK,   MODEL_FILL,   MODEL_PART,   MODEL_PART, MODEL_PART,
        MODEL_CHARGE, MODEL_CHARGE, MODEL_CHARGE, MODEL_CHARGE,
    };
    const size_t plain = 9;

    operation->kind = kinds[random_below((int64_t)(pool->is_plain ? plain : ARRAY_COUNT(kinds)))];
    if (operation->kind == MODEL_CHARGE)
        reference_pool_charges(pool, operation->costs);
    else
        reference_pool_costs(pool, operation->costs);
}

/* Most steps are forward. */
static void clock_make(struct model_operation *operation, const struct reference_pool *pool,
                       const struct reference_limit *limit)
{
    operation->kind = MODEL_CLOCK;
    operation->step_us = step_make(limit);
    if (pool->has_periods && random_one_in(5)) {
        operation->kind = MODEL_WALL;
        operation->step_us = random_below(3 * limit->window_us) * (random_one_in(2) ? 1 : -1);
    } else if (pool->has_periods && random_one_in(4)) {
        operation->is_from_end = true;
        operation->step_us = -random_below(2);
    } else if (random_one_in(6)) {
        operation->step_us = -operation->step_us;
    }
}

/* Often shortly before clocks are changed, or shortly after. */
static int64_t wall_make(const struct reference_pool *pool)
{
    const size_t zone = reference_pool_choose(pool)->period.zone;
    const int64_t near_s = random_one_in(2) ? random_below(40 * 86400) : random_below(7200);
    const int64_t change_s = reference_zone_change(zone);

    return (change_s + (random_one_in(3) ? near_s : -near_s)) * SECOND + random_below(SECOND);
}

/* At most two windows. Some steps lead to the very end of a window or of a token. */
static int64_t step_make(const struct reference_limit *limit)
{
    int64_t unit = limit->quota > 0 ? limit->window_us / limit->quota : limit->window_us;

    if (random_one_in(6))
        return limit->window_us - random_below(2);
    if (random_one_in(6))
        return unit * (1 + random_below(3)) + random_below(2);
    return random_of_any_size(2 * limit->window_us);
}

/* 1 s to 6 months; a period also a year. */
static void limit_make(const struct reference_pool *pool, struct reference_limit *limit)
{
    const int64_t apart = REFERENCE_POOL_WINDOWS + 1;

    *limit = (struct reference_limit){
        .algorithm = (enum reference_algorithm)random_below(REFERENCE_ALGORITHM_COUNT),
        .window_us = SECOND * (random_of_any_size(1 << 20) / 2 * apart + (int64_t)pool->windows),
    };
    if (pool->has_periods && random_one_in(2)) {
        limit->algorithm = REFERENCE_FIXED_WINDOW;
        limit->period = reference_period_make(
            (enum reference_unit)(REFERENCE_HOUR + random_below(REFERENCE_YEAR)));
        limit->window_us = reference_period_length_us(limit->period.unit);
    }
    amounts_make(limit);
}

static void amounts_make(struct reference_limit *limit)
{
    const bool has_burst = reference_has_burst(limit->algorithm);
    const int64_t max = amount_max(limit);

    limit->quota = amount_make(max);
    limit->burst = has_burst ? amount_make(max) : limit->quota;
}

/* Only a fixed window never multiplies its quota. */
static int64_t amount_max(const struct reference_limit *limit)
{
    const int64_t exact_max = QUOTA_WINDOW_MAX / limit->window_us;
    const int64_t max =
        limit->algorithm == REFERENCE_SLIDING_WINDOW_LOG ? LIMIT_LOG_QUOTA_MAX : LIMIT_QUOTA_MAX;

    if (limit->algorithm == REFERENCE_FIXED_WINDOW)
        return LIMIT_COST_MAX;
    return exact_max < max ? exact_max : max;
}

static int64_t charge_max(const struct reference_limit *limit)
{
    if (limit->algorithm == REFERENCE_FIXED_WINDOW)
        return LIMIT_COST_MAX;
    if (limit->algorithm == REFERENCE_SLIDING_WINDOW_LOG)
        return CHARGE_LOG_MAX;
    return CHARGE_WINDOW_MAX / limit->window_us;
}

/* Often small, to meet the edges often, but of every size. */
static int64_t amount_make(int64_t max)
{
    if (random_one_in(30))
        return 0;
    return random_one_in(3) ? random_of_any_size(max) : 1 + random_below(12);
}

static void operation_print(const struct model_operation *operation)
{
    static const char *const words[] = {
        [MODEL_TAKE] = "take", [MODEL_LOOK] = "look",     [MODEL_FILL] = "fill",
        [MODEL_PART] = "part", [MODEL_CHARGE] = "charge", [MODEL_FORGET] = "forget",
        [MODEL_LOSE] = "lose", [MODEL_EDIT] = "edit",     [MODEL_CLOCK] = "clock",
        [MODEL_WALL] = "wall",
    };

    print_message("%s", words[operation->kind]);
    if (operation->kind == MODEL_CLOCK || operation->kind == MODEL_WALL) {
        print_message(" %+lld us%s\n", (long long)operation->step_us,
                      operation->is_from_end ? " from the end of a period" : "");
        return;
    }
    if (operation->kind == MODEL_EDIT) {
        print_message("\n");
        policy_print(&operation->policy);
        return;
    }
    print_message("%s values", operation->is_late ? " late," : "");
    for (size_t i = 0; i < REFERENCE_SUBJECTS; i++)
        print_message(" %s %u", reference_subjects[i], operation->values >> i & 1U);
    if (operation->kind == MODEL_LOSE)
        print_message(", counter %zu", operation->which);
    else if (operation->kind == MODEL_FORGET)
        print_message(", given %u", operation->given);
    for (size_t i = 0; i < REFERENCE_MEASURES && operation->kind <= MODEL_CHARGE; i++)
        print_message(", %lld %s", (long long)operation->costs[i], reference_measures[i]);
    print_message("\n");
}

static void policy_print(const struct reference_policy *policy)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    reference_policy_write_quoted(policy, out);
    assert_int_equal(fclose(out), 0);
    print_message("policy [%s]\n", text);
    free(text);
}
