/* SPDX-License-Identifier: MIT */
#include "service_history.h"

#include "base/clock.h"
#include "base/duration.h"
#include "support/random.h"
#include "support/reference_pool.h"

#define SECOND     SECOND_US
#define HOUR       (3600 * SECOND)
#define HOURS_MAX  24
#define AMOUNT_MAX 3000
#define ALL_VALUES (1U << REFERENCE_SUBJECTS)
/* About how long a history runs. */
#define HISTORY_S 20

static void operation_make(struct service_operation *operation, struct reference_pool *pool);
static void limit_make(const struct reference_pool *pool, struct reference_limit *limit);
static struct reference_period period_make(void);
static void amounts_make(struct reference_limit *limit);
static int64_t amount_make(void);
static int64_t charge_max(const struct reference_limit *limit);

void service_history_make(struct service_history *history)
{
    struct reference_pool pool = {
        .limit_make = limit_make,
        .amounts_make = amounts_make,
        .charge_max = charge_max,
    };

    reference_pool_make(&pool);
    history->policy = reference_pool_policy(&pool);
    for (size_t i = 0; i < SERVICE_HISTORY_OPERATIONS; i++)
        operation_make(&history->operations[i], &pool);
}

static void operation_make(struct service_operation *operation, struct reference_pool *pool)
{
    int64_t die = random_below(50);

    *operation = (struct service_operation){
        .is_elsewhere = random_one_in(3),
        .values = reference_pool_values(pool),
        .terms = reference_pool_terms(pool),
        .is_partial = !pool->is_plain && random_one_in(4),
        .given = 1 + (unsigned)random_below(ALL_VALUES - 1),
    };
    if (die < 38) {
        operation->kind = SERVICE_CHECK;
        operation->count = 1;
        if (!pool->is_plain && random_one_in(4))
            operation->kind = SERVICE_CHARGE;
    } else if (die < 43) {
        operation->kind = SERVICE_BATCH;
        operation->count = 1 + (size_t)random_below(SERVICE_HISTORY_BATCH);
    } else if (die < 44) {
        operation->kind = SERVICE_RESET;
    } else {
        operation->kind = SERVICE_EDIT;
        reference_pool_edit(pool);
        operation->policy = reference_pool_policy(pool);
    }
    for (size_t i = 0; i < operation->count; i++) {
        if (operation->kind == SERVICE_CHARGE)
            reference_pool_charges(pool, operation->costs[i]);
        else
            reference_pool_costs(pool, operation->costs[i]);
    }
}

/* No two have the same window. */
static void limit_make(const struct reference_pool *pool, struct reference_limit *limit)
{
    const int64_t shortest = random_one_in(2) ? 0 : HOUR * (1 + random_below(HOURS_MAX));

    *limit = (struct reference_limit){
        .algorithm = (enum reference_algorithm)random_below(REFERENCE_ALGORITHM_COUNT),
        .window_us = shortest + (int64_t)pool->windows * SECOND,
    };
    if (pool->has_periods && random_one_in(2)) {
        limit->algorithm = REFERENCE_FIXED_WINDOW;
        limit->period = period_make();
        limit->window_us = reference_period_length_us(limit->period.unit);
    }
    amounts_make(limit);
}

/* Some end while the history runs. */
static struct reference_period period_make(void)
{
    if (random_one_in(2))
        return reference_period_make(
            (enum reference_unit)(REFERENCE_HOUR + random_below(REFERENCE_YEAR)));
    return reference_period_hours_from(clock_wall_us() + random_below(HISTORY_S) * SECOND);
}

static void amounts_make(struct reference_limit *limit)
{
    limit->quota = amount_make();
    limit->burst = reference_has_burst(limit->algorithm) ? amount_make() : limit->quota;
}

/* Often small, to meet the edges often, but of every size. */
static int64_t amount_make(void)
{
    return random_one_in(3) ? random_of_any_size(AMOUNT_MAX) : random_below(12);
}

static int64_t charge_max(const struct reference_limit *limit)
{
    (void)limit;
    return AMOUNT_MAX;
}
