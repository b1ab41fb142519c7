/* SPDX-License-Identifier: MIT */
#include "service_history.h"

#include "base/duration.h"
#include "support/random.h"
#include "support/reference_pool.h"

#define SECOND     SECOND_US
#define HOUR       (3600 * SECOND)
#define HOURS_MAX  24
#define AMOUNT_MAX 3000
#define ALL_VALUES (1U << REFERENCE_SUBJECTS)

static void operation_make(struct service_operation *operation, struct reference_pool *pool);
static void limit_make(struct reference_limit *limit, size_t window);
static void amounts_make(struct reference_limit *limit);
static int64_t amount_make(void);

void service_history_make(struct service_history *history)
{
    struct reference_pool pool = {.limit_make = limit_make, .amounts_make = amounts_make};

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
        .values = random_one_in(2) ? 0 : (unsigned)random_below(ALL_VALUES),
        .given = 1 + (unsigned)random_below(ALL_VALUES - 1),
    };
    if (die < 38) {
        operation->kind = SERVICE_CHECK;
        operation->count = 1;
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
    for (size_t i = 0; i < operation->count; i++)
        reference_pool_costs(pool, operation->costs[i]);
}

/* No two have the same window. */
static void limit_make(struct reference_limit *limit, size_t window)
{
    const int64_t shortest = random_one_in(2) ? 0 : HOUR * (1 + random_below(HOURS_MAX));

    *limit = (struct reference_limit){
        .algorithm = (enum reference_algorithm)random_below(REFERENCE_ALGORITHM_COUNT),
        .window_us = shortest + (int64_t)window * SECOND,
    };
    amounts_make(limit);
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
