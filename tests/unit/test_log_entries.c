/* SPDX-License-Identifier: MIT */
#include "journal/log_entries.h"

#include "base/duration.h"
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

/* As the journal reads them: the newest is added first. */
static bool add(uint64_t instance, uint64_t sequence, int64_t time_us)
{
    const struct entry_id id = {instance, sequence};
    struct record record = record_denied;

    record.time_us = time_us;
    return log_entries_add(&entries, &id, &record);
}

/* Decided by the instance's own clock. */
static bool add_degraded(uint64_t instance, uint64_t sequence, int64_t time_us)
{
    const struct entry_id id = {instance, sequence};
    struct record record = record_denied;

    record.time_us = time_us;
    record.degraded = true;
    return log_entries_add(&entries, &id, &record);
}

/* Settles the log that was added, and expects that it is this, from the oldest on. */
static void expect_log(const struct entry_id ids[], size_t count)
{
    log_entries_settle(&entries, LOG_ORDER_BY_NUMBER);
    assert_int_equal(entries.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(entries.at[i].id.instance, ids[i].instance);
        assert_int_equal(entries.at[i].id.sequence, ids[i].sequence);
        assert_true(i == 0 || entries.at[i - 1].in_order_us <= entries.at[i].in_order_us);
        assert_true(entries.at[i].in_order_us <= entries.at[i].record.time_us);
    }
}

#define EXPECT_LOG(...)                                                                            \
    do {                                                                                           \
        const struct entry_id expected[] = {__VA_ARGS__};                                          \
        expect_log(expected, ARRAY_COUNT(expected));                                               \
    } while (0)

static void instances_that_flush_at_different_moments_are_in_order_of_time(void **state)
{
    (void)state;
    assert_true(add(2, 2, 40) && add(2, 1, 20) && add(3, 1, 30) && add(1, 9, 50) && add(1, 8, 10));

    EXPECT_LOG({1, 8}, {2, 1}, {3, 1}, {2, 2}, {1, 9});
}

static void at_the_same_time_the_place_decides(void **state)
{
    (void)state;
    assert_true(add(1, 2, 40) && add(3, 1, 40) && add(2, 1, 40) && add(1, 1, 40));

    EXPECT_LOG({1, 1}, {2, 1}, {3, 1}, {1, 2});
}

static void a_clock_that_steps_back_puts_nothing_behind_what_was_before(void **state)
{
    (void)state;
    assert_true(add(1, 3, HOUR_US + 3) && add(2, 3, HOUR_US + 2) && add(2, 2, 2 * HOUR_US + 2) &&
                add(2, 1, 2 * HOUR_US) && add(1, 2, 2 * HOUR_US + 1) && add(1, 1, 2 * HOUR_US - 1));

    EXPECT_LOG({1, 1}, {2, 1}, {1, 2}, {2, 2}, {2, 3}, {1, 3});
}

static void a_clock_that_is_ahead_hides_nothing_that_came_later(void **state)
{
    (void)state;
    assert_true(add(1, 2, 13 * SECOND_US) && add(2, 3, 12 * SECOND_US) &&
                add(2, 2, 130 * SECOND_US) && add(2, 1, 10 * SECOND_US) &&
                add(1, 1, 9 * SECOND_US));

    EXPECT_LOG({1, 1}, {2, 1}, {2, 2}, {2, 3}, {1, 2});
}

static void what_comes_late_is_where_it_came(void **state)
{
    (void)state;
    assert_true(add(2, 1, 10 * SECOND_US) && add(1, 2, 12 * SECOND_US) && add(1, 1, 9 * SECOND_US));

    EXPECT_LOG({1, 1}, {1, 2}, {2, 1});
}

/* By several workers. */
static void an_instance_is_replayed_as_it_was_decided_and_shown_as_it_was_numbered(void **state)
{
    (void)state;
    assert_true(add(1, 4, 5) && add(1, 3, 3 * SECOND_US) && add(1, 2, 10) && add(1, 1, 20));

    EXPECT_LOG({1, 1}, {1, 2}, {1, 3}, {1, 4});

    log_entries_init(&entries, &arena);
    assert_true(add(1, 4, 5) && add(1, 3, 3 * SECOND_US) && add(1, 2, 10) && add(1, 1, 20));
    log_entries_settle(&entries, LOG_ORDER_AS_DECIDED);
    assert_int_equal(entries.at[0].id.sequence, 2);
    assert_int_equal(entries.at[1].id.sequence, 1);
    assert_int_equal(entries.at[2].id.sequence, 3);
    assert_int_equal(entries.at[3].id.sequence, 4);
}

/* Its log in Redis was lost in part. */
static void an_instance_that_sends_again_is_in_order_of_number(void **state)
{
    (void)state;
    assert_true(add(1, 3, 30) && add(1, 2, 20) && add(1, 1, 10) && add(2, 1, 25) && add(1, 3, 30));

    EXPECT_LOG({1, 1}, {1, 2}, {2, 1}, {1, 3});
}

static void an_entry_that_was_read_twice_is_there_once(void **state)
{
    (void)state;
    assert_true(add(1, 2, 20) && add(1, 1, 10) && add(1, 1, 10) && add(2, 1, 5));

    EXPECT_LOG({2, 1}, {1, 1}, {1, 2});
    assert_int_equal(entries.missing, 0);
}

static void entries_before_and_between_those_of_an_instance_are_missing(void **state)
{
    (void)state;
    assert_true(add(7, 2, 40) && add(1, 8, 30) && add(1, 5, 20) && add(1, 4, 10));

    log_entries_settle(&entries, LOG_ORDER_BY_NUMBER);
    assert_int_equal(entries.missing, 3 + 2 + 1);
}

static void numbers_of_a_stranger_do_not_overflow_what_is_missing(void **state)
{
    (void)state;
    for (uint64_t instance = 1; instance <= 4; instance++)
        assert_true(add(instance, INT64_MAX, 10));

    log_entries_settle(&entries, LOG_ORDER_BY_NUMBER);
    assert_true(entries.missing == INT64_MAX);
}

static void the_clock_of_an_instance_moves_nothing_that_a_store_decided(void **state)
{
    static const int64_t in_order_us[] = {HOUR_US + 1, HOUR_US + 1, HOUR_US + 1, HOUR_US + 2,
                                          HOUR_US + 2};

    (void)state;
    assert_true(add_degraded(3, 1, 9 * HOUR_US) && add(1, 2, HOUR_US + 2) &&
                add_degraded(2, 2, HOUR_US) && add(1, 1, HOUR_US + 1) && add_degraded(2, 1, 7));

    log_entries_settle(&entries, LOG_ORDER_AS_DECIDED);
    assert_int_equal(entries.count, ARRAY_COUNT(in_order_us));
    for (size_t i = 0; i < entries.count; i++)
        assert_int_equal(entries.at[i].in_order_us, in_order_us[i]);
}

static void where_no_store_decided_the_clocks_of_instances_are_all_there_is(void **state)
{
    (void)state;
    assert_true(add_degraded(1, 2, 9) && add_degraded(1, 1, 7));

    log_entries_settle(&entries, LOG_ORDER_AS_DECIDED);
    assert_int_equal(entries.at[0].in_order_us, 7);
    assert_int_equal(entries.at[1].in_order_us, 9);
}

static void an_empty_log_is_whole(void **state)
{
    (void)state;
    log_entries_settle(&entries, LOG_ORDER_BY_NUMBER);
    assert_int_equal(entries.count, 0);
    assert_int_equal(entries.missing, 0);
}

static void there_is_room_for_the_whole_log_and_no_more(void **state)
{
    (void)state;
    for (uint64_t sequence = JOURNAL_RECORDS; sequence > 0; sequence--)
        assert_true(add(1, sequence, 10));
    assert_false(add(2, 1, 10));

    log_entries_settle(&entries, LOG_ORDER_BY_NUMBER);
    assert_int_equal(entries.count, JOURNAL_RECORDS);
    assert_int_equal(entries.at[JOURNAL_RECORDS - 1].id.sequence, JOURNAL_RECORDS);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(instances_that_flush_at_different_moments_are_in_order_of_time),
        LOG_TEST(at_the_same_time_the_place_decides),
        LOG_TEST(a_clock_that_steps_back_puts_nothing_behind_what_was_before),
        LOG_TEST(a_clock_that_is_ahead_hides_nothing_that_came_later),
        LOG_TEST(what_comes_late_is_where_it_came),
        LOG_TEST(an_instance_is_replayed_as_it_was_decided_and_shown_as_it_was_numbered),
        LOG_TEST(an_instance_that_sends_again_is_in_order_of_number),
        LOG_TEST(an_entry_that_was_read_twice_is_there_once),
        LOG_TEST(entries_before_and_between_those_of_an_instance_are_missing),
        LOG_TEST(numbers_of_a_stranger_do_not_overflow_what_is_missing),
        LOG_TEST(the_clock_of_an_instance_moves_nothing_that_a_store_decided),
        LOG_TEST(where_no_store_decided_the_clocks_of_instances_are_all_there_is),
        LOG_TEST(an_empty_log_is_whole),
        LOG_TEST(there_is_room_for_the_whole_log_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
