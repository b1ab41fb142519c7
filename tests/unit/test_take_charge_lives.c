/* SPDX-License-Identifier: MIT
 *
 * How long the scripts let counters live that are charged after the fact, or count by a calendar. */
#include "life_case.h"

#include "limit/calendar.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unused_period_keeps_no_key),
        cmocka_unit_test(what_is_given_back_makes_a_life_shorter),
    };

    return cmocka_run_group_tests(tests, life_open, life_close);
}
