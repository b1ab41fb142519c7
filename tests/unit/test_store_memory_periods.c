/* SPDX-License-Identifier: MIT
 *
 * Periods of a calendar in the memory engine, which decides by a clock of its own. The clock on the
 * wall may be set while a period lasts. SLUICE_TEST_SEED replays a run. */
#include "limit/calendar.h"
#include "support/random.h"
#include "table_case.h"

#include "base/memory.h"

#define HOUR       (60 * MINUTE_US)
#define HOUR_COUNT 100
#define QUOTA      3
/* 2025-11-21T14:00:00Z. */
#define WALL_US INT64_C(1763733600000000)

/* One subject with a quota for each hour. */
struct hours {
    struct memory_table *table;
    int64_t ahead_us;       /* of the clock that decides: the clock on the wall */
    struct outcome outcome; /* of the last operation */
    int64_t ends_us;        /* by the wall: the end that it says */
};

static struct hours hours_new(void)
{
    return (struct hours){.table = memory_table_new(1024), .ahead_us = WALL_US - START_US};
}

static struct calendar calendar_around(int64_t wall_us, int64_t ahead_us)
{
    struct calendar calendar = {.ahead_us = ahead_us};

    for (int i = 0; i < CALENDAR_STARTS; i++)
        calendar.starts_us[i] = wall_us - wall_us % HOUR + (i - 1) * HOUR;
    return calendar;
}

/* The time is that of the clock that decides, since START_US. */
static bool hours_ask(struct hours *hours, enum operation_kind kind, int64_t since_us, int64_t cost)
{
    const int64_t wall_us = START_US + since_us + hours->ahead_us;
    const struct calendar calendar = calendar_around(wall_us, hours->ahead_us);
    struct limit limit = table_window(QUOTA, HOUR);

    limit.calendar = &calendar;
    struct operation operation = table_take_of(1, &limit, 1, cost);
    operation.kind = kind;
    operation.now_us = START_US + since_us;
    memory_table_ask(hours->table, &operation, &hours->outcome);
    assert_int_equal(hours->outcome.status, TAKE_DONE);
    hours->ends_us = wall_us + hours->outcome.at[0].reset_us;
    return hours->outcome.allowed;
}

static bool hours_take(struct hours *hours, int64_t since_us, int64_t cost)
{
    return hours_ask(hours, OPERATION_TAKE, since_us, cost);
}

/* Other subjects come, so that what has expired is dropped. */
static void others_come(struct hours *hours, int64_t since_us)
{
    const struct limit limit = table_window(1, 1);

    table_take_from_subjects(hours->table, 1000, 2000, &limit, START_US + since_us);
}

static void an_hour_ends_to_the_microsecond(void **state)
{
    struct hours hours = hours_new();
    (void)state;

    assert_true(hours_take(&hours, 50 * MINUTE_US, QUOTA));
    assert_int_equal(hours.outcome.at[0].reset_us, 10 * MINUTE_US);
    assert_false(hours_take(&hours, HOUR - 1, 1));
    assert_int_equal(hours.outcome.at[0].retry_us, 1);
    assert_true(hours_take(&hours, HOUR, QUOTA));
    assert_int_equal(hours.outcome.at[0].reset_us, HOUR);
    memory_table_free(hours.table);
}

static void an_unused_hour_ends_as_well(void **state)
{
    struct hours hours = hours_new();
    (void)state;

    assert_true(hours_take(&hours, 15 * MINUTE_US, 0));
    assert_int_equal(hours.outcome.at[0].remaining, QUOTA);
    assert_int_equal(hours.outcome.at[0].reset_us, 45 * MINUTE_US);
    assert_int_equal(memory_table_usage(hours.table).counters, 0);
    memory_table_free(hours.table);
}

/* At 14:50 it is used up. Then it is 14:20, and the hour lasts longer than it has said. */
static void an_hour_that_lasts_longer_is_not_opened_again(void **state)
{
    struct hours hours = hours_new();
    (void)state;

    assert_true(hours_take(&hours, 50 * MINUTE_US, QUOTA));
    hours.ahead_us -= 30 * MINUTE_US;
    others_come(&hours, 62 * MINUTE_US);

    assert_false(hours_take(&hours, 62 * MINUTE_US, 1));
    assert_int_equal(hours.outcome.at[0].retry_us, 28 * MINUTE_US);
    assert_true(hours_take(&hours, 90 * MINUTE_US, QUOTA));
    memory_table_free(hours.table);
}

static void an_hour_that_is_over_is_not_opened_again(void **state)
{
    struct hours hours = hours_new();
    (void)state;

    assert_true(hours_take(&hours, 50 * MINUTE_US, QUOTA));
    hours.ahead_us -= 30 * MINUTE_US;
    others_come(&hours, 65 * MINUTE_US);

    assert_false(hours_take(&hours, 65 * MINUTE_US, 1));
    memory_table_free(hours.table);
}

/* At 15:01 one unit is taken. Then it is 14:31, and the hour is still that from 15:00 on. */
static void an_hour_that_has_begun_goes_on_when_the_clock_is_set_back(void **state)
{
    struct hours hours = hours_new();
    (void)state;

    assert_true(hours_take(&hours, 50 * MINUTE_US, QUOTA));
    assert_true(hours_take(&hours, 61 * MINUTE_US, 1));
    hours.ahead_us -= 30 * MINUTE_US;

    assert_true(hours_take(&hours, 61 * MINUTE_US, 1));
    assert_int_equal(hours.outcome.at[0].reset_us, 89 * MINUTE_US);
    assert_true(hours_take(&hours, 62 * MINUTE_US, 1));
    assert_false(hours_take(&hours, 63 * MINUTE_US, 1));
    assert_false(hours_take(&hours, 150 * MINUTE_US - 1, 1));
    assert_true(hours_take(&hours, 150 * MINUTE_US, QUOTA));
    memory_table_free(hours.table);
}

/* What was used stays used, and no wait is longer than an hour. */
static void a_clock_set_back_by_hours_gives_nothing_away(void **state)
{
    struct hours hours = hours_new();
    (void)state;

    assert_true(hours_take(&hours, 50 * MINUTE_US, QUOTA));
    hours.ahead_us -= 48 * HOUR;

    assert_false(hours_take(&hours, 51 * MINUTE_US, 1));
    assert_int_equal(hours.outcome.at[0].retry_us, 9 * MINUTE_US);
    assert_true(hours_take(&hours, HOUR, QUOTA));
    memory_table_free(hours.table);
}

static void a_clock_set_forward_opens_the_new_hour_once(void **state)
{
    struct hours hours = hours_new();
    (void)state;

    assert_true(hours_take(&hours, 5 * MINUTE_US, QUOTA));
    hours.ahead_us += 56 * MINUTE_US;
    assert_true(hours_take(&hours, 5 * MINUTE_US, QUOTA));
    hours.ahead_us -= 56 * MINUTE_US;

    assert_false(hours_take(&hours, 5 * MINUTE_US, 1));
    assert_false(hours_take(&hours, HOUR, 1));
    memory_table_free(hours.table);
}

/* The start of an hour is a time on the wall. It must not be taken for one of the clock that
 * decides, also if both show almost the same. */
static void clocks_that_show_almost_the_same_are_told_apart(void **state)
{
    struct hours hours = hours_new();
    (void)state;
    const int64_t since_us = WALL_US + HOUR - START_US - SECOND_US / 2;

    hours.ahead_us = SECOND_US * 3 / 4; /* a quarter of a second after the hour has begun */
    assert_true(hours_take(&hours, since_us, 1));
    assert_true(hours_take(&hours, since_us, 1));

    assert_int_equal(hours.outcome.at[0].reset_us, HOUR - SECOND_US / 4);
    memory_table_free(hours.table);
}

/* The wall is set again and again, by less than an hour in all. */
static void no_hour_ever_gives_more_than_its_quota(void **state)
{
    (void)state;

    random_begin(random_seed());
    for (int history = 0; history < 4; history++) {
        struct hours hours = hours_new();
        int64_t *given = memory_new((size_t)2 * HOUR_COUNT, sizeof(given[0]));
        int64_t given_in_all = 0;

        for (int64_t since_us = 0; since_us < HOUR_COUNT * HOUR;
             since_us += random_below(20 * MINUTE_US)) {
            if (random_one_in(4))
                hours.ahead_us = WALL_US - START_US + random_below(HOUR);
            if (random_one_in(10))
                others_come(&hours, since_us);
            const int64_t cost = random_below(QUOTA + 1);
            const enum operation_kind kind = random_one_in(2) ? OPERATION_TAKE : OPERATION_PART;

            if (!hours_ask(&hours, kind, since_us, cost))
                continue;
            const int64_t hour = (hours.ends_us - WALL_US) / HOUR;

            assert_int_equal(hours.ends_us % HOUR, 0);
            assert_in_range(hour, 1, 2 * HOUR_COUNT - 1);
            given[hour] += hours.outcome.granted;
            given_in_all += hours.outcome.granted;
            assert_in_range(given[hour], 0, QUOTA);
        }
        assert_true(given_in_all > HOUR_COUNT);
        free(given);
        memory_table_free(hours.table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_ends_to_the_microsecond),
        cmocka_unit_test(an_unused_hour_ends_as_well),
        cmocka_unit_test(an_hour_that_lasts_longer_is_not_opened_again),
        cmocka_unit_test(an_hour_that_is_over_is_not_opened_again),
        cmocka_unit_test(an_hour_that_has_begun_goes_on_when_the_clock_is_set_back),
        cmocka_unit_test(a_clock_set_back_by_hours_gives_nothing_away),
        cmocka_unit_test(a_clock_set_forward_opens_the_new_hour_once),
        cmocka_unit_test(clocks_that_show_almost_the_same_are_told_apart),
        cmocka_unit_test(no_hour_ever_gives_more_than_its_quota),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
