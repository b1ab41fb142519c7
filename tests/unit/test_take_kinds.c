/* SPDX-License-Identifier: MIT
 *
 * The scripts in a real Redis, when they charge after the fact, take a part, or count by a
 * calendar: what is asked of them, and what explains their replies. */
#include "script_case.h"

#include "limit/calendar.h"

static void parts_and_charges_have_scripts_of_any_limits(void **state)
{
    (void)state;
    struct limit only = script_case_minute;
    struct operation asked = script_case_take_of(&only, 1, 1);

    asked.kind = OPERATION_LOOK;
    assert_int_equal(take_script_of(&asked)->algorithm, ALGORITHM_FIXED_WINDOW);
    asked.kind = OPERATION_PART;
    const struct take_script *several = take_script_of(&asked);
    assert_int_equal(several->algorithm, ALGORITHM_COUNT);
    assert_false(several->charges);
    asked.kind = OPERATION_CHARGE;
    const struct take_script *charge = take_script_of(&asked);
    assert_int_equal(charge->algorithm, ALGORITHM_COUNT);
    assert_true(charge->charges);
    asked.kind = OPERATION_FILL;
    assert_ptr_equal(take_script_of(&asked), charge);
}

/* Of one limit or several, whichever algorithms: each by itself. */
static void what_fills_is_charged_as_far_as_it_fits(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        struct limit limits[] = {script_case_minute, script_case_minute};
        limits[0].algorithm = (enum algorithm_id)i;
        limits[1].quota = limits[1].burst = 8;

        for (size_t count = 1; count <= 2; count++) {
            struct operation take = script_case_take_of(limits, count, 3);
            const int64_t remaining[2][4] = {{7, 4, 1, 0}, {5, 2, 0, 0}};

            for (int step = 0; step < 4; step++) {
                struct outcome outcome = script_case_outcome_of(&take);

                assert_true(outcome.allowed);
                for (size_t limit = 0; limit < count; limit++)
                    assert_int_equal(outcome.at[limit].remaining, remaining[limit][step]);
                take.kind = OPERATION_FILL;
            }
        }
    }
}

static void a_limit_with_a_calendar_says_where_that_is(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute, script_case_minute};
    const struct calendar calendars[] = {{.starts_us = {1, 2, 3, 4}}, {.starts_us = {5, 6, 7, 8}}};
    const double expected[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct take_arguments arguments;
    limits[0].calendar = &calendars[0];
    limits[2].calendar = &calendars[1];
    const struct operation operation = script_case_take_of(limits, ARRAY_COUNT(limits), 1);

    take_arguments_write(&arguments, &operation);

    const size_t rows = 3 + 3 + 3 * 7;
    assert_int_equal(arguments.lengths[4], rows * 8 + sizeof(expected));
    assert_memory_equal(&arguments.numbers[rows], expected, sizeof(expected));
    assert_true(arguments.rows[0][5] == 0 && arguments.rows[0][6] == 1 + rows * 8);
    assert_true(arguments.rows[1][5] == 60e6 && arguments.rows[1][6] == 10);
    assert_true(arguments.rows[2][5] == 0 && arguments.rows[2][6] == 33 + rows * 8);
    assert_int_equal(take_arguments_limit(&arguments, 2).burst, 10);
    assert_int_equal(take_arguments_limit(&arguments, 2).window_us, 3);
    assert_null(take_arguments_calendar(&arguments, 1));
}

/* In a script for one limit, and in that for several. */
static void a_time_outside_of_a_calendar_is_told_and_changes_nothing(void **state)
{
    (void)state;
    const struct calendar over = {.starts_us = {1, 2, 3, 4}};
    struct limit limits[] = {script_case_minute, script_case_minute};
    limits[0].calendar = &over;

    for (size_t count = 1; count <= 2; count++) {
        for (int kind = OPERATION_TAKE; kind < OPERATION_FORGET; kind++) {
            struct operation asked = script_case_take_of(limits, count, 1);
            asked.kind = (enum operation_kind)kind;
            const struct outcome outcome = script_case_outcome_of(&asked);
            const redisReply *time = redis_server_command(server, "TIME");

            assert_int_equal(outcome.status, TAKE_ELSEWHEN);
            assert_in_range(strtoll(time->element[0]->str, NULL, 10) - outcome.time_us / SECOND_US,
                            0, 60);
            assert_int_equal(script_case_integer("EXISTS", script_case_key_of(&asked)), 0);
        }
    }
}

/* Fails the test unless the outcome has the time of Redis. */
static enum take_status status_at(int64_t time_us, const struct operation *asked, bool may_create)
{
    struct take_arguments arguments;
    struct outcome outcome;

    take_arguments_write(&arguments, asked);
    if (!may_create)
        take_arguments_forbid_keys(&arguments);
    redis_server_set_clock(server, time_us);
    script_case_run(take_script_of(asked), &arguments);
    redis_server_set_clock(server, 0);
    assert_true(take_reply_read(script_case_reply, &arguments, &outcome));
    assert_int_equal(outcome.time_us, time_us);
    return outcome.status;
}

/* Whatever is asked of one limit or of two, and whether it is allowed, denied, or has no room. */
static void each_kind_tells_the_time_of_redis(void **state)
{
    (void)state;
    struct limit limits[] = {script_case_minute, script_case_minute};
    const int64_t costs[] = {1, 11};

    for (int kind = OPERATION_TAKE; kind < OPERATION_FORGET; kind++) {
        const int64_t time_us = INT64_C(1795270335042999) + kind;
        const bool needs_room = kind != OPERATION_LOOK;

        for (size_t i = 0; i < 2 * ARRAY_COUNT(costs); i++) {
            struct operation asked = script_case_take_of(limits, 1 + i % 2, costs[i / 2]);

            asked.kind = (enum operation_kind)kind;
            assert_int_equal(status_at(time_us, &asked, true), TAKE_DONE);
        }
        for (size_t count = 1; count <= 2; count++) {
            struct operation asked = script_case_take_of(limits, count, 1);

            asked.kind = (enum operation_kind)kind;
            assert_int_equal(status_at(time_us, &asked, false),
                             needs_room ? TAKE_QUOTA : TAKE_DONE);
        }
    }
}

/* Of an operation on one limit. */
static bool is_explained(const struct operation *operation, struct limit_outcome at,
                         int64_t granted)
{
    const struct outcome outcome = {
        .allowed = at.allowed, .count = 1, .granted = granted, .at = {at}};
    struct take_arguments arguments;

    take_arguments_write(&arguments, operation);
    return take_reply_explains(&arguments, &outcome);
}

static void a_charge_is_explained_by_what_was_asked(void **state)
{
    (void)state;
    struct limit minute = script_case_minute;
    struct operation charge = script_case_take_of(&minute, 1, 4);
    charge.kind = OPERATION_CHARGE;
    const struct limit_outcome left = {.allowed = true, .remaining = 6, .reset_us = 1};

    assert_true(is_explained(&charge, left, 0));
    charge.costs[0] = 5;
    assert_false(is_explained(&charge, left, 0));
    charge.costs[0] = -5;
    assert_true(is_explained(&charge, left, 0));
    assert_true(is_explained(&charge, (struct limit_outcome){.allowed = true, .remaining = 10}, 0));
    assert_false(
        is_explained(&charge, (struct limit_outcome){.allowed = true, .remaining = 11}, 0));
    assert_false(is_explained(&charge, (struct limit_outcome){.reset_us = 2, .retry_us = 1}, 0));
    charge.costs[0] = LIMIT_COST_MAX;
    assert_true(is_explained(&charge, (struct limit_outcome){.allowed = true, .reset_us = 1}, 0));
    assert_false(is_explained(&charge, (struct limit_outcome){.allowed = true}, 0));
}

/* What fits may be nothing. */
static void a_fill_is_explained_unless_it_denies(void **state)
{
    (void)state;
    struct limit minute = script_case_minute;
    struct operation fill = script_case_take_of(&minute, 1, 4);
    fill.kind = OPERATION_FILL;

    assert_true(is_explained(&fill, (struct limit_outcome){.allowed = true, .reset_us = 1}, 0));
    assert_false(is_explained(&fill, (struct limit_outcome){.reset_us = 2, .retry_us = 1}, 0));
}

static void a_part_is_explained_by_what_was_asked(void **state)
{
    (void)state;
    struct limit minute = script_case_minute;
    struct operation part = script_case_take_of(&minute, 1, 4);
    part.kind = OPERATION_PART;
    const struct limit_outcome left = {.allowed = true, .remaining = 6, .reset_us = 1};
    const struct limit_outcome denied = {.reset_us = 1, .retry_us = 1};

    assert_true(is_explained(&part, left, 4));
    assert_true(is_explained(&part, left, 3));
    assert_false(is_explained(&part, left, 5));
    assert_false(is_explained(&part, left, 0));
    assert_true(is_explained(&part, denied, 0));
    one_set_cost(&part, 0);
    assert_true(is_explained(&part, left, 0));
    assert_false(is_explained(&part, left, 1));
}

static void a_refusal_is_explained_by_what_was_asked(void **state)
{
    (void)state;
    const struct calendar calendar = {.starts_us = {10, 20, 30, 40}};
    struct limit minute = script_case_minute;
    struct operation take = script_case_take_of(&minute, 1, 1);
    struct take_arguments arguments;
    struct outcome outcome = {.status = TAKE_ELSEWHEN, .time_us = 40};

    take_arguments_write(&arguments, &take);
    assert_false(take_reply_explains(&arguments, &outcome));
    minute.calendar = &calendar;
    take_arguments_write(&arguments, &take);
    assert_true(take_reply_explains(&arguments, &outcome));
    outcome.time_us = 39;
    assert_false(take_reply_explains(&arguments, &outcome));
    take.kind = OPERATION_CHARGE;
    one_set_cost(&take, -1);
    take_arguments_write(&arguments, &take);
    take_arguments_forbid_keys(&arguments);
    outcome.status = TAKE_QUOTA;
    assert_false(take_reply_explains(&arguments, &outcome)); /* needs no key */
}

/* No state of a window by the calendar ends later than its period. */
static void a_reset_is_bounded_by_the_calendar(void **state)
{
    (void)state;
    const struct calendar calendar = {.starts_us = {10, 20, 30, 40}};
    struct limit minute = script_case_minute;
    minute.calendar = &calendar;
    struct operation look = script_case_take_of(&minute, 1, 0);
    struct limit_outcome at = {.allowed = true, .remaining = 10, .reset_us = 30};

    assert_true(is_explained(&look, at, 0));
    at.reset_us = 31;
    assert_false(is_explained(&look, at, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_and_charges_have_scripts_of_any_limits),
        cmocka_unit_test(what_fills_is_charged_as_far_as_it_fits),
        cmocka_unit_test(a_limit_with_a_calendar_says_where_that_is),
        cmocka_unit_test(a_time_outside_of_a_calendar_is_told_and_changes_nothing),
        cmocka_unit_test(each_kind_tells_the_time_of_redis),
        cmocka_unit_test(a_charge_is_explained_by_what_was_asked),
        cmocka_unit_test(a_fill_is_explained_unless_it_denies),
        cmocka_unit_test(a_part_is_explained_by_what_was_asked),
        cmocka_unit_test(a_refusal_is_explained_by_what_was_asked),
        cmocka_unit_test(a_reset_is_bounded_by_the_calendar),
    };

    return cmocka_run_group_tests(tests, script_redis_open, script_case_close);
}
