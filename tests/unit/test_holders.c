/* SPDX-License-Identifier: MIT */
#include "holders.h"

#include "support/cmocka.h"
#include "support/random.h"

#define TENANTS 300
#define STEPS   100000

static struct holders holders;

static int set_up(void **state)
{
    (void)state;
    holders_init(&holders);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    holders_close(&holders);
    return 0;
}

static struct holder *take(uint32_t tenant, uint32_t count)
{
    struct holder *holder = NULL;

    for (uint32_t i = 0; i < count; i++)
        holder = holders_take(&holders, tenant);
    return holder;
}

static void give(struct holder *holder, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        holders_give(&holders, holder);
}

static void who_is_alone_is_over_half_of_the_places(void **state)
{
    struct holder *alone = take(1, 2);
    (void)state;

    assert_true(holder_is_over(&holders, alone));

    give(alone, 2);
}

static void who_holds_no_more_than_what_is_left_for_each_is_not_over(void **state)
{
    struct holder *large = take(1, 70);
    struct holder *even = take(2, 25);
    struct holder *small = take(3, 5);
    (void)state;

    assert_true(holder_is_over(&holders, large));
    assert_false(holder_is_over(&holders, even));
    assert_false(holder_is_over(&holders, small));
    take(2, 1);
    assert_true(holder_is_over(&holders, even));

    give(large, 70);
    give(even, 26);
    give(small, 5);
}

static void a_single_connection_is_never_over(void **state)
{
    struct holder *first = take(1, 1);
    struct holder *second = take(2, 1);
    (void)state;

    assert_false(holder_is_over(&holders, first));
    assert_false(holder_is_over(&holders, second));

    give(first, 1);
    give(second, 1);
}

static void memory_of_a_holder_that_has_left_is_used_for_the_next(void **state)
{
    struct holder *holder = take(1, 3);
    (void)state;
    give(holder, 3);

    assert_ptr_equal(take(2, 1), holder);
    assert_int_equal(holder->tenant, 2);
    assert_int_equal(holders.count, 1);

    give(holder, 1);
}

/* Each tenant is in the rank of its holding. */
static void expect_ranked(const uint32_t held[static TENANTS])
{
    const struct holder *holder;
    uint32_t count = 0;

    for (uint32_t rank = 1; rank < HOLDER_RANKS; rank++) {
        TAILQ_FOREACH (holder, &holders.ranks[rank], in_rank) {
            assert_int_equal(holder->held, held[holder->tenant]);
            assert_in_range(holder->held, 1U << (rank - 1), (1ULL << rank) - 1);
            count++;
        }
    }
    assert_int_equal(holders.count, count);
}

/* At first more is added than removed, at last the other way round. */
static void whatever_comes_and_goes_each_is_ranked_by_what_it_holds(void **state)
{
    static struct holder *all[TENANTS];
    static uint32_t held[TENANTS];
    uint32_t taken = 0;
    (void)state;
    random_begin(random_seed());

    for (int i = 0; i < STEPS; i++) {
        const uint32_t tenant = (uint32_t)random_below(TENANTS);

        if (held[tenant] == 0 || random_below(STEPS) > i) {
            all[tenant] = holders_take(&holders, tenant);
            held[tenant]++;
            taken++;
        } else {
            holders_give(&holders, all[tenant]);
            held[tenant]--;
            taken--;
        }
        if (i % 1000 == 0)
            expect_ranked(held);
    }

    assert_int_equal(holders.taken, taken);
    for (uint32_t tenant = 0; tenant < TENANTS; tenant++)
        give(all[tenant], held[tenant]);
    assert_int_equal(holders.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_alone_is_over_half_of_the_places),
        TEST(who_holds_no_more_than_what_is_left_for_each_is_not_over),
        TEST(a_single_connection_is_never_over),
        TEST(memory_of_a_holder_that_has_left_is_used_for_the_next),
        TEST(whatever_comes_and_goes_each_is_ranked_by_what_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
