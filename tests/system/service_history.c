/* SPDX-License-Identifier: MIT */
#include "service_history.h"

#include "base/duration.h"
#include "support/random.h"

#define SECOND     SECOND_US
#define HOUR       (3600 * SECOND)
#define HOURS_MAX  24
#define AMOUNT_MAX 3000

static void operation_make(struct service_operation *operation, struct reference_limit limits[],
                           size_t limit_count, int64_t *generation);
static int64_t cost_make(const struct reference_limit *limit);
static struct reference_limit limit_make(int64_t generation);
static void amounts_make(struct reference_limit *limit);
static int64_t amount_make(void);

void service_history_make(struct service_history *history)
{
    struct reference_limit limits[SERVICE_HISTORY_LIMITS];
    int64_t generation = 0;

    history->limit_count = 1 + (size_t)random_below(SERVICE_HISTORY_LIMITS);
    for (size_t i = 0; i < history->limit_count; i++)
        limits[i] = history->limits[i] = limit_make(generation);
    for (size_t i = 0; i < SERVICE_HISTORY_OPERATIONS; i++)
        operation_make(&history->operations[i], limits, history->limit_count, &generation);
}

/* `limits` are the present ones. */
static void operation_make(struct service_operation *operation, struct reference_limit limits[],
                           size_t limit_count, int64_t *generation)
{
    int64_t die = random_below(50);

    *operation = (struct service_operation){.which = (size_t)random_below((int64_t)limit_count)};
    struct reference_limit *limit = &limits[operation->which];
    if (die < 40) {
        operation->kind = SERVICE_CHECK;
        operation->count = 1;
    } else if (die < 45) {
        operation->kind = SERVICE_BATCH;
        operation->count = 1 + (size_t)random_below(SERVICE_HISTORY_BATCH);
    } else if (die < 46) {
        operation->kind = SERVICE_RESET;
    } else if (die < 49) {
        operation->kind = SERVICE_EDIT;
        amounts_make(limit);
    } else {
        operation->kind = SERVICE_ANEW;
        *limit = limit_make(++*generation);
    }
    for (size_t i = 0; i < operation->count; i++)
        operation->costs[i] = random_one_in(6) ? 0 : cost_make(limit);
    operation->limit = *limit;
}

static int64_t cost_make(const struct reference_limit *limit)
{
    return random_one_in(2) ? 1 + random_below(3) : random_below(limit->burst + 3);
}

/* Two generations never have the same window. */
static struct reference_limit limit_make(int64_t generation)
{
    int64_t shortest = random_one_in(2) ? SECOND : HOUR * (1 + random_below(HOURS_MAX));
    struct reference_limit limit = {
        .algorithm = (enum reference_algorithm)random_below(REFERENCE_ALGORITHM_COUNT),
        .window_us = shortest + generation * SECOND,
    };

    amounts_make(&limit);
    return limit;
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
