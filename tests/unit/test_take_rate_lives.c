/* SPDX-License-Identifier: MIT
 *
 * How long the scripts let counters live that are asked at another rate than the one at which they
 * were charged: by an override, or after an edit of the policy. */
#include "life_case.h"

static const enum algorithm_id buckets[] = {ALGORITHM_TOKEN_BUCKET, ALGORITHM_LEAKY_BUCKET};

/* The first of them has used all that it may in a minute. */
static struct operation used_up(struct limit limits[static 2], enum algorithm_id bucket)
{
    limits[0] = life_limit_of(bucket);
    limits[1] = life_limit_of(ALGORITHM_FIXED_WINDOW);
    limits[1].window_us = SECOND_US;
    struct operation take = life_take_of(limits, 2, 0);
    struct life_asked asked;

    take.costs[0] = 10;
    life_run(&asked, &take, true);
    assert_true(asked.outcome.allowed);
    return take;
}

/* Its debt would take a month at the new rate, but the key was to go with the minute. */
static void a_bucket_with_another_rate_tells_what_its_key_had(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(buckets); i++) {
        struct limit limits[] = {life_limit_of(buckets[i]), life_limit_of(ALGORITHM_FIXED_WINDOW)};

        limits[0].quota = 100000;
        limits[0].burst = 100000;
        for (size_t count = 1; count <= ARRAY_COUNT(limits); count++) {
            struct operation take = life_take_of(limits, count, 1);
            struct life_asked asked;

            life_ask(&asked, &take, true);
            limits[0].quota = 1;
            life_ask(&asked, &take, true);

            assert_int_equal(asked.life_count, 1);
            assert_true(asked.lives[0].was_us <= MINUTE_US);
            assert_int_equal(asked.lives[0].keep_us, asked.outcome.at[0].reset_us);
            life_is_told(&asked, &asked.lives[0]);
            limits[0].quota = 100000;
        }
    }
}

/* At these rates all of it would be back in no time, or at once. */
static void a_key_lives_on_for_a_bucket_that_is_not_charged(void **state)
{
    (void)state;
    static const enum operation_kind kinds[] = {OPERATION_TAKE, OPERATION_FILL, OPERATION_CHARGE};
    static const int64_t quotas[] = {0, 100, 1000000000};

    for (size_t i = 0; i < ARRAY_COUNT(buckets) * ARRAY_COUNT(kinds) * ARRAY_COUNT(quotas); i++) {
        struct limit limits[2];
        struct operation operation = used_up(limits, buckets[i % 2]);
        struct life_asked asked;

        operation.kind = kinds[i / 2 % 3];
        limits[0].quota = limits[0].burst = quotas[i / 6];
        operation.costs[0] = 0;
        operation.costs[1] = 1;
        life_ask(&asked, &operation, true);

        assert_int_equal(asked.outcome.at[1].remaining, 9);
        assert_int_equal(asked.life_count, 0);
        life_is_about(asked.keeps_us, asked.kept_us, &asked);
        limits[0].quota = limits[0].burst = 10;
        operation.kind = OPERATION_TAKE;
        operation.costs[0] = 1;
        life_run(&asked, &operation, true);
        assert_false(asked.outcome.at[0].allowed);
    }
}

/* The denial moves the window, which is from the future. */
static void a_key_lives_on_for_a_bucket_that_denies(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(buckets); i++) {
        struct limit limits[2];
        struct operation take = used_up(limits, buckets[i]);
        struct life_asked asked;

        take.now_us += SECOND_US;
        take.costs[0] = 0;
        take.costs[1] = 10;
        life_run(&asked, &take, true);
        take.now_us -= SECOND_US / 2;
        limits[0].quota = 1000000000;
        take.costs[0] = 11;
        take.costs[1] = 0;
        life_ask(&asked, &take, true);

        assert_false(asked.outcome.allowed);
        life_is_about(asked.keeps_us, asked.kept_us, &asked);
    }
}

static void a_bucket_that_is_not_charged_may_need_a_longer_life(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(buckets); i++) {
        struct limit limits[2];
        struct operation take = used_up(limits, buckets[i]);
        struct life_asked asked;

        limits[0].quota = 5;
        take.costs[0] = 0;
        take.costs[1] = 1;
        life_ask(&asked, &take, true);

        assert_int_equal(asked.life_count, 1);
        assert_int_equal(asked.lives[0].keep_us, 2 * MINUTE_US);
        life_is_told(&asked, &asked.lives[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_with_another_rate_tells_what_its_key_had),
        cmocka_unit_test(a_key_lives_on_for_a_bucket_that_is_not_charged),
        cmocka_unit_test(a_key_lives_on_for_a_bucket_that_denies),
        cmocka_unit_test(a_bucket_that_is_not_charged_may_need_a_longer_life),
    };

    return cmocka_run_group_tests(tests, life_open, life_close);
}
