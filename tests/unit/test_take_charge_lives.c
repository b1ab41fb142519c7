/* SPDX-License-Identifier: MIT
 *
 * How long the scripts let counters live that are charged after the fact, or count by a calendar.
 * */
#include "life_case.h"

#include "base/clock.h"
#include "limit/calendar.h"
#include "support/random.h"

#define HISTORIES 100
#define STEPS     40

/* A day around START_US, and the days beside it. */
static const struct calendar days = {.starts_us = {START_US - 30 * HOUR_US, START_US - 6 * HOUR_US,
                                                   START_US + 18 * HOUR_US,
                                                   START_US + 42 * HOUR_US}};

/* Charges each limit what is given, or gives it back. */
static void charge(struct life_asked *asked, struct operation *operation, int64_t period,
                   int64_t window)
{
    operation->kind = OPERATION_CHARGE;
    operation->costs[0] = period;
    operation->costs[1] = window;
    life_ask(asked, operation, true);
}

/* The first of them counts by days. */
static void day_and_window(struct limit limits[static 2])
{
    limits[0] = limits[1] = life_limit_of(ALGORITHM_FIXED_WINDOW);
    limits[0].calendar = &days;
    limits[1].window_us = 3 * SECOND_US;
}

/* Its key may go with the shorter window then. */
static void a_period_that_was_given_back_sets_its_life_anew(void **state)
{
    (void)state;
    static const enum operation_kind kinds[] = {OPERATION_TAKE, OPERATION_FILL, OPERATION_CHARGE};

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct limit limits[2];
        struct life_asked asked;
        day_and_window(limits);
        struct operation operation = life_take_of(limits, 2, 0);

        charge(&asked, &operation, 1, 0);
        charge(&asked, &operation, -1, 0);
        charge(&asked, &operation, 0, 1);
        life_is_about(asked.keeps_us, 3 * SECOND_US, &asked);
        operation.kind = kinds[i];
        operation.costs[0] = 5;
        operation.costs[1] = 0;
        life_ask(&asked, &operation, true);

        assert_int_equal(asked.outcome.at[0].remaining, 5);
        assert_int_equal(asked.life_count, 1);
        assert_int_equal(asked.lives[0].keep_us, 18 * HOUR_US);
        life_is_told(&asked, &asked.lives[0]);
    }
}

/* By the script for one limit. */
static void a_period_alone_that_was_given_back_sets_its_life_anew(void **state)
{
    (void)state;
    struct limit limits[2];
    struct life_asked asked;
    day_and_window(limits);
    struct operation both = life_take_of(limits, 2, 0);
    struct operation alone = both;
    alone.limit_count = 1;

    charge(&asked, &both, 1, 0);
    charge(&asked, &both, -1, 0);
    charge(&asked, &both, 0, 1);
    one_set_cost(&alone, 5);
    life_ask(&asked, &alone, true);

    assert_int_equal(asked.life_count, 1);
    assert_int_equal(asked.lives[0].keep_us, 18 * HOUR_US);
    life_is_told(&asked, &asked.lives[0]);
}

/* It is told, because the tenant's counters are counted by what is told. */
static void a_period_that_is_given_back_keeps_no_key_of_others(void **state)
{
    (void)state;

    for (int64_t quota = 0; quota <= 10; quota += 10) {
        struct limit limits[2];
        struct life_asked asked;
        day_and_window(limits);
        limits[0].quota = limits[0].burst = quota;
        struct operation operation = life_take_of(limits, 2, 0);

        charge(&asked, &operation, 5, 0);
        charge(&asked, &operation, -5, 1);

        assert_int_equal(asked.outcome.at[0].remaining, quota);
        assert_int_equal(asked.life_count, 1);
        assert_int_equal(asked.lives[0].keep_us, quota > 0 ? 3 * SECOND_US : 18 * HOUR_US);
        life_is_told(&asked, &asked.lives[0]);
    }
}

/* The clock is set back by two days. */
static void a_period_given_back_in_the_future_is_moved(void **state)
{
    (void)state;

    for (size_t count = 1; count <= 2; count++) {
        struct limit limits[2];
        struct life_asked asked;
        day_and_window(limits);
        struct operation operation = life_take_of(limits, count, 0);
        struct calendar earlier = days;

        const int64_t begun_us = clock_monotonic_us();
        charge(&asked, &operation, 1, 0);
        charge(&asked, &operation, -1, 0);
        for (size_t i = 0; i < CALENDAR_STARTS; i++)
            earlier.starts_us[i] -= 48 * HOUR_US;
        limits[0].calendar = &earlier;
        operation.now_us -= 48 * HOUR_US;
        operation.kind = OPERATION_LOOK;
        life_ask(&asked, &operation, true);
        const int64_t life_us = asked.keeps_us;

        assert_int_equal(asked.outcome.at[0].remaining, 10);
        assert_int_equal(asked.outcome.at[0].reset_us, 18 * HOUR_US);
        asked.took_us = clock_monotonic_us() - begun_us;
        life_is_about(life_us, 18 * HOUR_US, &asked); /* nothing is kept for it */
    }
}

/* What is not used of a period ends with it all the same, but has nothing to keep until then. */
static void an_unused_period_keeps_no_key(void **state)
{
    (void)state;
    const struct calendar calendar = {.starts_us = {START_US - HOUR_US, START_US - 1,
                                                    START_US + HOUR_US, START_US + 2 * HOUR_US}};
    struct limit limits[] = {life_limit_of(ALGORITHM_FIXED_WINDOW),
                             life_limit_of(ALGORITHM_TOKEN_BUCKET)};
    limits[0].calendar = &calendar;

    for (int kind = OPERATION_TAKE; kind < OPERATION_FORGET; kind++) {
        struct operation take = life_take_of(limits, 2, 4);
        struct life_asked asked;
        take.kind = (enum operation_kind)kind;

        if (kind == OPERATION_LOOK || kind == OPERATION_PART)
            continue;
        take.costs[0] = 0;
        life_ask(&asked, &take, true);
        assert_int_equal(asked.outcome.at[0].reset_us, HOUR_US);
        assert_int_equal(asked.life_count, 1);
        assert_int_equal(asked.lives[0].keep_us, 24 * SECOND_US);
        life_is_told(&asked, &asked.lives[0]);
        take.costs[0] = 1;
        life_ask(&asked, &take, true);
        assert_int_equal(asked.lives[0].keep_us, HOUR_US);
        life_is_told(&asked, &asked.lives[0]);
    }
}

static void what_is_given_back_makes_a_life_shorter(void **state)
{
    (void)state;
    static const enum algorithm_id buckets[] = {ALGORITHM_TOKEN_BUCKET, ALGORITHM_LEAKY_BUCKET};

    for (size_t i = 0; i < ARRAY_COUNT(buckets); i++) {
        struct limit limit = life_limit_of(buckets[i]);
        struct operation charge = life_take_of(&limit, 1, 14);
        struct life_asked asked;
        charge.kind = OPERATION_CHARGE;

        life_ask(&asked, &charge, true);
        assert_int_equal(asked.lives[0].keep_us, 84 * SECOND_US);
        one_set_cost(&charge, -10);
        life_ask(&asked, &charge, false); /* it needs no room */
        assert_int_equal(asked.outcome.status, TAKE_DONE);
        assert_int_equal(asked.life_count, 1);
        assert_int_equal(asked.lives[0].keep_us, 24 * SECOND_US);
        life_is_told(&asked, &asked.lives[0]);
    }
}

/* A set of a few limits, and when its key expires by what was told; 0: it is not there. */
struct string {
    struct limit limits[3];
    struct operation operation;
    int64_t ends_us;
};

static void string_begin(struct string *string)
{
    static const enum algorithm_id algorithms[] = {ALGORITHM_FIXED_WINDOW, ALGORITHM_SLIDING_WINDOW,
                                                   ALGORITHM_TOKEN_BUCKET};

    *string = (struct string){0};
    for (size_t i = 0; i < ARRAY_COUNT(string->limits); i++) {
        string->limits[i] = life_limit_of(algorithms[random_below(ARRAY_COUNT(algorithms))]);
        string->limits[i].window_us = SECOND_US * (1 + random_below(20));
    }
    string->limits[0].algorithm = ALGORITHM_FIXED_WINDOW;
    string->limits[0].calendar = &days;
    string->operation = life_take_of(string->limits, 1 + (size_t)random_below(3), 0);
}

/* The next operation, a little later. What is over by the clock of the test is made so in Redis. */
static void string_choose(struct string *string)
{
    static const enum operation_kind kinds[] = {OPERATION_TAKE, OPERATION_FILL, OPERATION_CHARGE,
                                                OPERATION_CHARGE};
    struct operation *operation = &string->operation;
    char keys[TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES];

    operation->kind = kinds[random_below(ARRAY_COUNT(kinds))];
    for (size_t i = 0; i < operation->limit_count; i++) {
        operation->costs[i] = random_one_in(2) ? 0 : random_below(4);
        if (operation->kind == OPERATION_CHARGE && random_one_in(2))
            operation->costs[i] = -operation->costs[i];
    }
    operation->now_us += random_below(4 * SECOND_US);
    if (string->ends_us > operation->now_us)
        return;
    string->ends_us = 0;
    (void)script_redis_keys(operation, keys);
    (void)redis_server_command(server, "DEL %s", keys[0]);
}

static void what_is_charged_lives_as_long_as_it_counts(void **state)
{
    (void)state;

    for (int history = 0; history < HISTORIES; history++) {
        struct string string;

        string_begin(&string);
        for (int step = 0; step < STEPS; step++) {
            struct life_asked asked;

            string_choose(&string);
            life_ask(&asked, &string.operation, true);
            if (asked.life_count > 0) {
                life_is_told(&asked, &asked.lives[0]);
                string.ends_us = string.operation.now_us + asked.lives[0].keep_us;
            }
            for (size_t i = 0; i < asked.outcome.count; i++) {
                const struct limit_outcome *at = &asked.outcome.at[i];

                if (at->remaining < string.limits[i].quota)
                    assert_true(string.operation.now_us + at->reset_us <= string.ends_us);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_period_that_was_given_back_sets_its_life_anew),
        cmocka_unit_test(a_period_alone_that_was_given_back_sets_its_life_anew),
        cmocka_unit_test(a_period_that_is_given_back_keeps_no_key_of_others),
        cmocka_unit_test(a_period_given_back_in_the_future_is_moved),
        cmocka_unit_test(an_unused_period_keeps_no_key),
        cmocka_unit_test(what_is_given_back_makes_a_life_shorter),
        cmocka_unit_test(what_is_charged_lives_as_long_as_it_counts),
    };

    return cmocka_run_group_tests(tests, life_open, life_close);
}
