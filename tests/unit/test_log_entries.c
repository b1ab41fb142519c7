/* SPDX-License-Identifier: MIT */
#include "journal/log_entries.h"

#include "journal/ring.h"
#include "record_case.h"

static struct arena arena;
static struct log_entries entries;

static int set_up(void **state)
{
    (void)state;
    log_entries_init(&entries, &arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static bool add(uint64_t instance, uint64_t sequence, int64_t time_us)
{
    const struct entry_id id = {instance, sequence};
    struct record record = record_denied;

    record.time_us = time_us;
    return log_entries_add(&entries, &id, &record);
}

static void expect_entry(size_t place, uint64_t instance, uint64_t sequence)
{
    assert_true(place < entries.count);
    assert_int_equal(entries.at[place].id.instance, instance);
    assert_int_equal(entries.at[place].id.sequence, sequence);
}

static void the_order_is_time_then_instance_then_number(void **state)
{
    (void)state;
    assert_true(add(2, 1, 50) && add(1, 11, 40) && add(1, 9, 40) && add(2, 2, 40) &&
                add(1, 10, 60));

    log_entries_settle(&entries);
    assert_int_equal(entries.count, 5);
    expect_entry(0, 1, 9);
    expect_entry(1, 1, 11);
    expect_entry(2, 2, 2);
    expect_entry(3, 2, 1);
    expect_entry(4, 1, 10);
}

static void an_entry_that_was_read_twice_is_there_once(void **state)
{
    (void)state;
    assert_true(add(1, 1, 10) && add(1, 2, 20) && add(1, 1, 10) && add(2, 1, 10));

    log_entries_settle(&entries);
    assert_int_equal(entries.count, 3);
    expect_entry(0, 1, 1);
    expect_entry(1, 2, 1);
    expect_entry(2, 1, 2);
    assert_int_equal(entries.missing, 0);
}

static void entries_before_and_between_those_of_an_instance_are_missing(void **state)
{
    (void)state;
    assert_true(add(1, 4, 10) && add(1, 5, 20) && add(1, 8, 30) && add(7, 2, 40));

    log_entries_settle(&entries);
    assert_int_equal(entries.missing, 3 + 2 + 1);
}

static void numbers_of_a_stranger_do_not_overflow_what_is_missing(void **state)
{
    (void)state;
    for (uint64_t instance = 1; instance <= 4; instance++)
        assert_true(add(instance, INT64_MAX, 10));

    log_entries_settle(&entries);
    assert_true(entries.missing == INT64_MAX);
}

static void an_empty_log_is_whole(void **state)
{
    (void)state;
    log_entries_settle(&entries);
    assert_int_equal(entries.count, 0);
    assert_int_equal(entries.missing, 0);
}

static void there_is_room_for_the_whole_log_and_no_more(void **state)
{
    (void)state;
    for (uint64_t sequence = 1; sequence <= JOURNAL_RECORDS; sequence++)
        assert_true(add(1, sequence, 10));
    assert_false(add(1, JOURNAL_RECORDS + 1, 10));

    log_entries_settle(&entries);
    assert_int_equal(entries.count, JOURNAL_RECORDS);
    expect_entry(JOURNAL_RECORDS - 1, 1, JOURNAL_RECORDS);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(the_order_is_time_then_instance_then_number),
        LOG_TEST(an_entry_that_was_read_twice_is_there_once),
        LOG_TEST(entries_before_and_between_those_of_an_instance_are_missing),
        LOG_TEST(numbers_of_a_stranger_do_not_overflow_what_is_missing),
        LOG_TEST(an_empty_log_is_whole),
        LOG_TEST(there_is_room_for_the_whole_log_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
