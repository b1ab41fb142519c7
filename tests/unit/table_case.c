/* SPDX-License-Identifier: MIT */
#include "table_case.h"

#include <sodium.h>

struct limit table_window(int64_t quota, int64_t window_us)
{
    return (struct limit){
        .name = "window",
        .algorithm = ALGORITHM_FIXED_WINDOW,
        .quota = quota,
        .window_us = window_us,
        .burst = quota,
    };
}

struct operation table_take_of(int64_t subject, const struct limit limits[], size_t count,
                               int64_t cost)
{
    struct operation take = one_set_take(subject, limits, count, cost);

    take.now_us = START_US;
    return take;
}

struct operation table_take_by(uint32_t tenant, int64_t subject, const struct limit limits[],
                               size_t count)
{
    struct operation take = table_take_of(subject, limits, count, 1);

    take.tenant = tenant;
    return take;
}

bool table_allows(struct memory_table *table, const struct operation *take)
{
    struct outcome outcome;

    memory_table_ask(table, take, &outcome);
    assert_int_equal(outcome.status, TAKE_DONE);
    assert_int_equal(outcome.count, take->limit_count);
    return outcome.allowed;
}

int64_t table_remaining(struct memory_table *table, struct operation take, size_t limit)
{
    struct outcome outcome;

    take.kind = OPERATION_LOOK;
    memory_table_ask(table, &take, &outcome);
    return outcome.at[limit].remaining;
}

void table_take_from_subjects(struct memory_table *table, int64_t first, int64_t count,
                              const struct limit *limit, int64_t now_us)
{
    for (int64_t i = 0; i < count; i++) {
        struct operation take = table_take_of(first + i, limit, 1, 1);

        take.now_us = now_us;
        assert_true(table_allows(table, &take));
    }
}

int table_case_open(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}
