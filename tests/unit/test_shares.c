/* SPDX-License-Identifier: MIT */
#include "base/shares.h"

#include "support/cmocka.h"
#include "support/random.h"

#define PLACES  1000
#define TENANTS 40
#define STEPS   100000

static struct shares shares;

static int set_up(void **state)
{
    (void)state;
    shares_init(&shares, PLACES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shares_close(&shares);
    return 0;
}

/* Returns how many it got. */
static uint32_t take_all(uint32_t tenant)
{
    uint32_t got = 0;

    while (shares_take(&shares, tenant, 1))
        got++;
    return got;
}

static void who_is_alone_gets_half(void **state)
{
    (void)state;

    assert_int_equal(take_all(1), PLACES / 2);
}

static void tenants_that_ask_in_turn_get_the_same_and_leave_as_much(void **state)
{
    uint32_t got[3] = {0};
    (void)state;

    for (int i = 0; i < PLACES; i++) {
        for (uint32_t tenant = 0; tenant < 3; tenant++)
            got[tenant] += shares_take(&shares, tenant, 1);
    }

    for (uint32_t tenant = 0; tenant < 3; tenant++)
        assert_int_equal(got[tenant], PLACES / 4);
}

static void a_newcomer_gets_places_beside_any_number_of_others(void **state)
{
    size_t taken = 0;
    (void)state;

    for (int round = 0; round < PLACES; round++) {
        for (uint32_t tenant = 1; tenant <= 60; tenant++)
            taken += shares_take(&shares, tenant, 1);
    }

    assert_int_equal(shares.taken, taken);
    assert_in_range(take_all(61), 8, PLACES / 61);
}

/* Even if the others took theirs in large steps. */
static void large_takers_leave_as_much_as_small_ones(void **state)
{
    size_t refused = 0;
    (void)state;

    for (uint32_t tenant = 1; tenant <= 60; tenant++)
        refused += !shares_take(&shares, tenant, 20);

    assert_in_range(refused, 1, 20);
    assert_in_range(take_all(61), 8, PLACES / 61 + 2);
}

static void what_is_given_back_may_be_taken_again(void **state)
{
    const uint32_t got = take_all(1);
    (void)state;

    shares_give(&shares, 1, got);

    assert_int_equal(shares.taken, 0);
    assert_int_equal(take_all(2), got);
}

static void when_nothing_is_taken_anything_fits(void **state)
{
    (void)state;

    assert_true(shares_take(&shares, 1, 2 * PLACES));
    assert_false(shares_take(&shares, 1, 1));
    assert_false(shares_take(&shares, 2, 1));
    shares_give(&shares, 1, 2 * PLACES);
    assert_true(shares_take(&shares, 2, 1));
}

static void random_histories_keep_to_the_rule(void **state)
{
    uint32_t held[TENANTS] = {0};
    size_t taken = 0;
    (void)state;

    random_begin(random_seed());
    for (int i = 0; i < STEPS; i++) {
        const uint32_t tenant = (uint32_t)random_below(TENANTS);
        const uint32_t count = 1 + (uint32_t)random_below(40);

        if (random_one_in(3) && held[tenant] > 0) {
            const uint32_t back = 1 + (uint32_t)random_below(held[tenant]);

            shares_give(&shares, tenant, back);
            held[tenant] -= back;
            taken -= back;
        } else {
            const bool fits = taken == 0 || taken + count - 1 + held[tenant] + count <= PLACES;

            assert_int_equal(shares_take(&shares, tenant, count), fits);
            held[tenant] += fits ? count : 0;
            taken += fits ? count : 0;
        }
        assert_int_equal(shares.taken, taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_alone_gets_half, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tenants_that_ask_in_turn_get_the_same_and_leave_as_much,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newcomer_gets_places_beside_any_number_of_others, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(large_takers_leave_as_much_as_small_ones, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_given_back_may_be_taken_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(when_nothing_is_taken_anything_fits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_histories_keep_to_the_rule, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
