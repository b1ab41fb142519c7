/* SPDX-License-Identifier: MIT
 *
 * The decisions of the memory engine: what is allowed, what has counters of its own, what is
 * forgotten. */
#include "base/arena.h"
#include "sample_policy.h"
#include "table_case.h"

static void the_quota_is_allowed_and_no_more(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = table_window(3, MINUTE_US);
    struct operation take = table_take_of(1, &limit, 1, 1);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(table_allows(table, &take));
    assert_false(table_allows(table, &take));

    take.now_us += MINUTE_US;
    assert_true(table_allows(table, &take));
    memory_table_free(table);
}

static void the_tenant_does_not_choose_the_counter(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = table_window(1, MINUTE_US);
    struct operation take = table_take_by(1, 1, &limit, 1);
    struct operation same = table_take_by(2, 1, &limit, 1);

    (void)state;
    assert_true(table_allows(table, &take));

    assert_false(table_allows(table, &same));
    assert_int_equal(memory_table_usage(table).counters, 1);
    memory_table_free(table);
}

static void several_limits_are_charged_all_or_none(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limits[] = {table_window(10, MINUTE_US), table_window(3, MINUTE_US)};
    struct operation take = table_take_of(1, limits, 2, 1);

    (void)state;
    one_set_tell_apart(limits, 2);
    for (int i = 0; i < 3; i++)
        assert_true(table_allows(table, &take));
    assert_false(table_allows(table, &take));

    assert_int_equal(table_remaining(table, take, 0), 7);
    assert_int_equal(table_remaining(table, take, 1), 0);
    memory_table_free(table);
}

static void subjects_policies_and_limits_are_counted_apart(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = table_window(1, MINUTE_US);
    struct operation take = table_take_of(1, &limit, 1, 1);
    struct operation other_subject = table_take_of(2, &limit, 1, 1);
    struct limit other = table_window(1, MINUTE_US);
    struct operation other_limit = table_take_of(1, &other, 1, 1);
    struct operation other_policy = take;

    (void)state;
    other_policy.policy_id++;
    other.id = 0x100;

    assert_true(table_allows(table, &take));
    assert_true(table_allows(table, &other_subject));
    assert_true(table_allows(table, &other_policy));
    assert_true(table_allows(table, &other_limit));
    assert_false(table_allows(table, &take));
    assert_int_equal(memory_table_usage(table).counters, 4);
    memory_table_free(table);
}

/* The 32-bit hashes of these two rules were once equal, so the second read the state of the
 * first. */
static void a_rule_never_reads_what_another_has_stored(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct arena arena = {0};
    const struct rule *rules[] = {
        &sample_policy(&arena, "{'route_key':'/a','algorithm':'token_bucket','limit':1,"
                               "'window_seconds':31300256,'burst':1000000000}")
             ->rule,
        &sample_policy(&arena, "{'route_key':'/a','algorithm':'sliding_window','limit':1000,"
                               "'window_seconds':31525260}")
             ->rule,
    };
    const int64_t costs[] = {1000000000, 1};
    const int64_t left[] = {0, 999};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
        struct operation take = table_take_of(1, rules[i]->limits, 1, costs[i]);

        assert_true(table_allows(table, &take));
        assert_int_equal(table_remaining(table, take, 0), left[i]);
    }
    assert_int_equal(memory_table_usage(table).counters, 2);
    arena_close(&arena);
    memory_table_free(table);
}

static void looks_and_denials_take_no_memory(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit closed = table_window(0, MINUTE_US);
    struct limit open = table_window(5, MINUTE_US);
    struct operation denied = table_take_of(1, &closed, 1, 1);
    struct operation look = table_take_of(2, &open, 1, 0);

    (void)state;
    assert_false(table_allows(table, &denied));
    assert_true(table_allows(table, &look));

    assert_int_equal(memory_table_usage(table).counters, 0);
    memory_table_free(table);
}

static void forgetting_a_subject_gives_it_everything_back(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limits[] = {table_window(1, MINUTE_US), table_window(2, MINUTE_US)};
    struct operation take = table_take_of(1, limits, 2, 1);
    struct operation forget = take;
    struct outcome outcome;

    (void)state;
    one_set_tell_apart(limits, 2);
    forget.kind = OPERATION_FORGET;
    assert_true(table_allows(table, &take));
    assert_false(table_allows(table, &take));

    memory_table_ask(table, &forget, &outcome);

    assert_int_equal(outcome.status, TAKE_DONE);
    assert_int_equal(outcome.count, 2);
    assert_int_equal(memory_table_usage(table).counters, 0);
    assert_true(table_allows(table, &take));
    memory_table_free(table);
}

static void forgetting_what_is_unknown_or_expired_counts_nothing(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = table_window(1, MINUTE_US);
    struct operation take = table_take_of(1, &limit, 1, 1);
    struct operation forget = take;
    struct outcome outcome;

    (void)state;
    forget.kind = OPERATION_FORGET;
    memory_table_ask(table, &forget, &outcome);
    assert_int_equal(outcome.count, 0);

    assert_true(table_allows(table, &take));
    forget.now_us += MINUTE_US;
    memory_table_ask(table, &forget, &outcome);
    assert_int_equal(outcome.count, 0);
    memory_table_free(table);
}

static void what_has_expired_does_not_count_under_a_changed_limit(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = table_window(10, SECOND_US);
    struct operation take = table_take_of(1, &limit, 1, 10);

    (void)state;
    limit.algorithm = ALGORITHM_TOKEN_BUCKET;
    assert_true(table_allows(table, &take));

    limit.quota = 1; /* at this rate the bucket would not be full for 10 s */
    take.now_us += SECOND_US;

    assert_int_equal(table_remaining(table, take, 0), 10);
    memory_table_free(table);
}

static int64_t time_of(struct memory_table *table, const struct operation *take)
{
    struct outcome outcome;

    memory_table_ask(table, take, &outcome);
    return outcome.time_us;
}

static void two_decisions_are_as_far_apart_as_their_times(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = table_window(2, MINUTE_US);
    struct operation take = table_take_of(1, &limit, 1, 1);
    const int64_t steps_us[] = {0, 1, 999, 1, SECOND_US, 2 * MINUTE_US + 1, 7};

    (void)state;
    take.ahead_us = INT64_C(1795270335042999) - START_US;
    for (size_t i = 0; i < ARRAY_COUNT(steps_us); i++) {
        take.kind = i == 2 ? OPERATION_CHARGE : i == 3 ? OPERATION_LOOK : OPERATION_TAKE;
        take.now_us += steps_us[i];
        assert_int_equal(time_of(table, &take), take.now_us + take.ahead_us);
    }
    memory_table_free(table);
}

/* The time is the one by which it was decided. */
static void a_thread_that_is_late_tells_the_time_of_the_counter(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit bucket = table_window(10, MINUTE_US);
    struct operation take = table_take_of(1, &bucket, 1, 1);

    (void)state;
    bucket.algorithm = ALGORITHM_TOKEN_BUCKET;
    take.ahead_us = HOUR_US;
    assert_int_equal(time_of(table, &take), START_US + HOUR_US);

    take.now_us -= STORE_MEMORY_SKEW_US / 2;
    assert_int_equal(time_of(table, &take), START_US + HOUR_US);
    take.now_us -= STORE_MEMORY_SKEW_US;
    assert_int_equal(time_of(table, &take), take.now_us + HOUR_US);
    memory_table_free(table);
}

static void the_engine_answers_at_once(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct store *store = store_memory_new(table);
    struct limit limit = table_window(1, MINUTE_US);
    struct operation take = table_take_of(1, &limit, 1, 1);
    struct outcome outcome;

    (void)state;
    assert_true(store_is_ready(store));
    assert_int_equal(store_ask(store, &take, &outcome, NULL, NULL), STORE_NOW);
    assert_true(outcome.allowed);
    assert_int_equal(store_ask(store, &take, &outcome, NULL, NULL), STORE_NOW);
    assert_false(outcome.allowed);
    take.kind = OPERATION_FORGET;
    assert_int_equal(store_ask(store, &take, &outcome, NULL, NULL), STORE_NOW);
    assert_int_equal(outcome.count, 1);
    store_free(store);
    memory_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quota_is_allowed_and_no_more),
        cmocka_unit_test(the_tenant_does_not_choose_the_counter),
        cmocka_unit_test(several_limits_are_charged_all_or_none),
        cmocka_unit_test(subjects_policies_and_limits_are_counted_apart),
        cmocka_unit_test(a_rule_never_reads_what_another_has_stored),
        cmocka_unit_test(looks_and_denials_take_no_memory),
        cmocka_unit_test(forgetting_a_subject_gives_it_everything_back),
        cmocka_unit_test(forgetting_what_is_unknown_or_expired_counts_nothing),
        cmocka_unit_test(what_has_expired_does_not_count_under_a_changed_limit),
        cmocka_unit_test(two_decisions_are_as_far_apart_as_their_times),
        cmocka_unit_test(a_thread_that_is_late_tells_the_time_of_the_counter),
        cmocka_unit_test(the_engine_answers_at_once),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
