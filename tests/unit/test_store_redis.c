/* SPDX-License-Identifier: MIT
 *
 * Takes through the Redis engine: what they charge, and what a tenant may have. */
#include "asker.h"

#include "base/clock.h"
#include "base/log.h"
#include "limit/calendar.h"
#include "store/breaker.h"
#include "store/counter_budget.h"
#include "store/take_script.h"

#define ATTEMPTS 20

static void a_take_is_decided_and_charged(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    const struct operation take = asker_take_of(1, &asker_limit, 400);
    struct answers answers = {0};
    struct outcome now;
    (void)state;

    for (size_t i = 1; i <= 3; i++) {
        assert_int_equal(store_ask(store, &take, &now, &answers, asker_on_done), STORE_LATER);
        assert_int_equal(answers.count, i - 1);
        TURN_UNTIL(answers.count == i);
    }

    assert_int_equal(answers.by_status[TAKE_DONE], 3);
    assert_int_equal(answers.allowed, 2);
    assert_int_equal(answers.last.count, 1);
    assert_int_equal(answers.last.at[0].remaining, 200);
    assert_in_range(answers.last.at[0].retry_us, 1, HOUR_US);
    store_free(store);
}

static void limits_of_a_policy_are_charged_all_or_none(void **state)
{
    struct limit limits[LIMITS_MAX] = {
        asker_limit,
        {.algorithm = ALGORITHM_TOKEN_BUCKET, .quota = 10, .window_us = HOUR_US, .burst = 10},
        asker_limit,
        asker_limit,
        asker_limit,
        asker_limit,
        asker_limit,
        asker_limit};
    struct operation take = asker_take_of(1, limits, 6);
    struct store *store = asker_store(PATIENT_US);
    struct answers answers = {0};
    struct outcome now;
    (void)state;
    take.limit_count = ARRAY_COUNT(limits);
    one_set_tell_apart(limits, ARRAY_COUNT(limits));

    for (int i = 0; i < 2; i++)
        assert_int_equal(store_ask(store, &take, &now, &answers, asker_on_done), STORE_LATER);
    TURN_UNTIL(answers.count == 2);

    assert_int_equal(answers.allowed, 1);
    assert_int_equal(answers.last.count, LIMITS_MAX);
    for (size_t i = 0; i < LIMITS_MAX; i++)
        assert_int_equal(answers.last.at[i].remaining, i == 1 ? 4 : 994);
    store_free(store);
}

static void many_takes_in_flight_are_exact(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    struct answers answers = {0};
    (void)state;

    for (int i = 0; i < 2500; i++)
        asker_take(store, 1, &answers);
    TURN_UNTIL(answers.count == 2500);

    assert_int_equal(answers.by_status[TAKE_DONE], 2500);
    assert_int_equal(answers.allowed, 1000);
    store_free(store);
}

static void a_flushed_script_costs_no_take(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    struct answers answers = {0};
    (void)state;

    for (size_t round = 1; round <= 5; round++) {
        /* All are on their way to a Redis that has lost the script. */
        for (int i = 0; i < 100; i++)
            asker_take(store, 1, &answers);
        (void)redis_server_command(server, "SCRIPT FLUSH");
        TURN_UNTIL(answers.count == round * 100);
    }

    assert_int_equal(answers.by_status[TAKE_DONE], 500);
    assert_int_equal(answers.last.at[0].remaining, 500);
    assert_true(store_is_ready(store));
    store_free(store);
}

/* Whether a call that is sent again is late before one that was asked for later. A busy machine may
 * find both late at once, and then any may be the first. */
static bool is_late_first(void)
{
    struct impostor impostor;
    struct answers again = {0};
    struct answers later = {0};
    struct store *store = asker_impostor_store(&impostor, HASTY_US);

    asker_take(store, 1, &again);
    asker_take(store, 1, &later);
    impostor_say(&impostor, "-NOSCRIPT No matching script.\r\n");
    TURN_UNTIL(again.count == 1 && later.count == 1);

    assert_int_equal(again.by_status[TAKE_LATE], 1);
    assert_int_equal(later.by_status[TAKE_LATE], 1);
    store_free(store);
    impostor_close(&impostor);
    return again.place < later.place;
}

static void what_is_sent_again_keeps_its_deadline(void **state)
{
    bool was_first = false;
    (void)state;

    for (int attempt = 0; attempt < ATTEMPTS && !was_first; attempt++)
        was_first = is_late_first();
    assert_true(was_first);
}

static void a_script_that_is_refused_twice_is_broken(void **state)
{
    struct impostor impostor;
    struct answers answers = {0};
    (void)state;
    struct store *store = asker_impostor_store(&impostor, PATIENT_US);

    asker_take(store, 1, &answers);
    impostor_say(&impostor, "-NOSCRIPT No.\r\n");
    TURN_UNTIL(asker_scripts(&impostor) == 2);
    impostor_say(&impostor, "-NOSCRIPT No.\r\n");
    TURN_UNTIL(answers.count == 1);

    assert_int_equal(answers.by_status[TAKE_BROKEN], 1);
    store_free(store);
    impostor_close(&impostor);
}

static void forgetting_starts_afresh(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    const struct operation forget = asker_forget_of(1, &asker_limit);
    struct answers first = {0};
    struct answers second = {0};
    struct answers after = {0};
    struct outcome now;
    (void)state;
    assert_int_equal(asker_take_and_wait(store, 1), TAKE_DONE);
    assert_int_equal(asker_take_and_wait(store, 2), TAKE_DONE);

    assert_int_equal(store_ask(store, &forget, &now, &first, asker_on_done), STORE_LATER);
    assert_int_equal(store_ask(store, &forget, &now, &second, asker_on_done), STORE_LATER);
    asker_take(store, 1, &after);
    TURN_UNTIL(after.count == 1);

    assert_int_equal(first.last.status, TAKE_DONE);
    assert_int_equal(first.last.count, 1);
    assert_int_equal(second.last.status, TAKE_DONE);
    assert_int_equal(second.last.count, 0);
    assert_int_equal(after.last.at[0].remaining, 999);
    assert_int_equal(redis_server_command(server, "DBSIZE")->integer, 2);
    /* A log of 10,000 charges is freed in the background. */
    assert_non_null(strstr(redis_server_command(server, "INFO commandstats")->str, "_unlink:"));
    store_free(store);
}

/* These are the counters that Redis has: a refused one does not exist, and a forgotten one makes
 * room. A refusal is not a failure, however often it comes. */
static void a_tenant_has_no_more_counters_than_its_budget(void **state)
{
    const uint64_t refused = figure_get(&asker_metrics.figures[METRIC_COUNTERS_REFUSED]);
    asker_budget = counter_budget_new(2);
    struct store *store = asker_store(PATIENT_US);
    const struct operation forgets = asker_forget_of(1, &asker_limit);
    struct answers forgotten = {0};
    struct outcome now;
    (void)state;

    assert_int_equal(asker_take_and_wait(store, 1), TAKE_DONE);
    assert_int_equal(asker_take_and_wait(store, 2), TAKE_DONE);
    for (int i = 0; i < 2 * BREAKER_FAILURES; i++)
        assert_int_equal(asker_take_and_wait(store, 3), TAKE_QUOTA);
    assert_int_equal(asker_take_and_wait(store, 2), TAKE_DONE);
    assert_int_equal(redis_server_command(server, "DBSIZE")->integer, 2);
    assert_int_equal(figure_get(&asker_metrics.figures[METRIC_COUNTERS_REFUSED]) - refused,
                     2 * BREAKER_FAILURES);

    /* The script that is sent whole does not create it either. */
    (void)redis_server_command(server, "SCRIPT FLUSH");
    assert_int_equal(asker_take_and_wait(store, 3), TAKE_QUOTA);
    assert_int_equal(store_ask(store, &forgets, &now, &forgotten, asker_on_done), STORE_LATER);
    TURN_UNTIL(forgotten.count == 1);
    assert_int_equal(forgotten.last.count, 1);
    assert_int_equal(asker_take_and_wait(store, 3), TAKE_DONE);
    assert_int_equal(asker_take_and_wait(store, 1), TAKE_QUOTA);
    store_free(store);
    counter_budget_free(asker_budget);
    asker_budget = NULL;
}

/* The asker's clock is wrong, or Redis': nothing has failed, however often it is asked. */
static void another_time_than_the_calendar_is_told_and_is_no_failure(void **state)
{
    const struct calendar over = {.starts_us = {1, 2, 3, 4}};
    struct limit limit = asker_limit;
    struct store *store = asker_store(PATIENT_US);
    (void)state;

    limit.calendar = &over;
    for (size_t i = 1; i <= 2 * BREAKER_FAILURES; i++) {
        struct operation take = asker_take_of(1, &limit, 1);
        struct answers answers = {0};
        struct outcome now;

        assert_int_equal(store_ask(store, &take, &now, &answers, asker_on_done), STORE_LATER);
        TURN_UNTIL(answers.count == 1);
        assert_int_equal(answers.last.status, TAKE_ELSEWHEN);
        assert_true(answers.last.time_us > 4);
    }
    assert_true(store_is_ready(store));
    assert_int_equal(redis_server_command(server, "DBSIZE")->integer, 0);
    store_free(store);
}

/* A charge that Redis has made is there, although nobody waits for the answer any more. */
static void what_is_charged_late_counts_in_the_budget(void **state)
{
    struct impostor impostor;
    struct answers answers = {0};
    const struct operation forgets = asker_forget_of(1, &asker_limit);
    struct outcome now;
    (void)state;
    asker_budget = counter_budget_new(10);
    struct store *store = asker_impostor_store(&impostor, HASTY_US);

    asker_take(store, 1, &answers);
    TURN_UNTIL(answers.count == 1);
    assert_int_equal(answers.last.status, TAKE_LATE);
    assert_int_equal(counter_budget_live(asker_budget, 1, clock_monotonic_us()), 0);
    impostor_say(&impostor, "*5\r\n:-3\r\n:999\r\n:3600000000\r\n:0\r\n:1\r\n");
    TURN_UNTIL(counter_budget_live(asker_budget, 1, clock_monotonic_us()) == 1);

    assert_int_equal(store_ask(store, &forgets, &now, &answers, asker_on_done), STORE_LATER);
    TURN_UNTIL(answers.count == 2);
    assert_int_equal(answers.last.status, TAKE_LATE);
    impostor_say(&impostor, "*1\r\n:3600000\r\n");
    TURN_UNTIL(counter_budget_live(asker_budget, 1, clock_monotonic_us()) == 0);

    assert_int_equal(answers.count, 2);
    store_free(store);
    impostor_close(&impostor);
    counter_budget_free(asker_budget);
    asker_budget = NULL;
}

static void a_counter_of_another_type_is_replaced_and_counted(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    const struct operation take = asker_take_of(1, &asker_limit, 1);
    const uint64_t before = figure_get(&asker_metrics.figures[METRIC_STATES_REFUSED]);
    struct take_arguments arguments;
    const char *key = arguments.keys[0];
    (void)state;
    take_arguments_write(&arguments, &take);
    (void)redis_server_command(server, "LPUSH %s element", key);

    assert_int_equal(asker_take_and_wait(store, 1), TAKE_DONE);
    assert_int_equal(asker_take_and_wait(store, 1), TAKE_DONE);

    assert_int_equal(figure_get(&asker_metrics.figures[METRIC_STATES_REFUSED]), before + 1);
    assert_int_equal(redis_server_command(server, "STRLEN %s", key)->integer, 33);
    store_free(store);
}

static void free_answers_what_is_out(void **state)
{
    struct store *store = asker_store(PATIENT_US);
    struct answers answers = {0};
    (void)state;
    for (int i = 0; i < 10; i++)
        asker_take(store, 1, &answers);

    store_free(store);

    assert_int_equal(answers.count, 10);
    assert_int_equal(answers.by_status[TAKE_DOWN], 10);
}

struct chain {
    struct store *store;
    size_t left;
    struct answers answers;
};

static void on_chained(void *context, const struct outcome *outcome)
{
    struct chain *chain = context;
    const struct operation take = asker_take_of(1, &asker_limit, 1);
    struct outcome now;

    asker_on_done(&chain->answers, outcome);
    if (--chain->left > 0)
        assert_int_equal(store_ask(chain->store, &take, &now, chain, on_chained), STORE_LATER);
}

static void an_answer_may_lead_to_the_next_take(void **state)
{
    struct chain chain = {.store = asker_store(PATIENT_US), .left = 50};
    const struct operation take = asker_take_of(1, &asker_limit, 1);
    struct outcome now;
    (void)state;

    assert_int_equal(store_ask(chain.store, &take, &now, &chain, on_chained), STORE_LATER);
    TURN_UNTIL(chain.left == 0);

    assert_int_equal(chain.answers.allowed, 50);
    assert_int_equal(chain.answers.last.at[0].remaining, 950);
    store_free(chain.store);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, asker_begin, asker_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_take_is_decided_and_charged),
        TEST(limits_of_a_policy_are_charged_all_or_none),
        TEST(many_takes_in_flight_are_exact),
        TEST(a_flushed_script_costs_no_take),
        TEST(what_is_sent_again_keeps_its_deadline),
        TEST(a_script_that_is_refused_twice_is_broken),
        TEST(forgetting_starts_afresh),
        TEST(a_tenant_has_no_more_counters_than_its_budget),
        TEST(another_time_than_the_calendar_is_told_and_is_no_failure),
        TEST(what_is_charged_late_counts_in_the_budget),
        TEST(a_counter_of_another_type_is_replaced_and_counted),
        TEST(free_answers_what_is_out),
        TEST(an_answer_may_lead_to_the_next_take),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
