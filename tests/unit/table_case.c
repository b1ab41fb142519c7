/* SPDX-License-Identifier: MIT */
#include "table_case.h"

#include <sodium.h>

static struct digest subject_number(int64_t number)
{
    static const struct digest_key key = {{1}};
    const struct text part = {(const char *)&number, sizeof number};

    return digest_of(&key, &part, 1);
}

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

struct take table_take_of(int64_t subject, const struct limit limits[], size_t count, int64_t cost)
{
    return (struct take){
        .key = {.subject = subject_number(subject), .policy_id = 7, .layout = {{1}}},
        .limits = limits,
        .limit_count = count,
        .cost = cost,
        .now_us = START_US,
    };
}

struct take table_take_by(uint32_t tenant, int64_t subject, const struct limit limits[],
                          size_t count)
{
    struct take take = table_take_of(subject, limits, count, 1);

    take.key.tenant = tenant;
    return take;
}

bool table_allows(struct memory_table *table, const struct take *take)
{
    struct outcome outcome;

    memory_table_take(table, take, &outcome);
    assert_int_equal(outcome.status, TAKE_DONE);
    assert_int_equal(outcome.count, take->limit_count);
    return outcome.allowed;
}

int64_t table_remaining(struct memory_table *table, struct take take, size_t limit)
{
    struct outcome outcome;

    take.cost = 0;
    memory_table_take(table, &take, &outcome);
    return outcome.at[limit].remaining;
}

void table_take_from_subjects(struct memory_table *table, int64_t first, int64_t count,
                              const struct limit *limit, int64_t now_us)
{
    for (int64_t i = 0; i < count; i++) {
        struct take take = table_take_of(first + i, limit, 1, 1);

        take.now_us = now_us;
        assert_true(table_allows(table, &take));
    }
}

int table_case_open(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}
