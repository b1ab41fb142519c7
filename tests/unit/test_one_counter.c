/* SPDX-License-Identifier: MIT */
#include "support/one_counter.h"

#include "support/cmocka.h"

#define EXPLAINS(limit, ...)                                                                       \
    one_counter_explains((struct one_counter_check[]){__VA_ARGS__},                                \
                         sizeof((struct one_counter_check[]){__VA_ARGS__}) /                       \
                             sizeof(struct one_counter_check),                                     \
                         limit)

static void what_came_one_after_the_other_is_explained(void **state)
{
    (void)state;

    assert_true(EXPLAINS(2, {0, 1, 1, true, 1}, {2, 3, 1, true, 0}, {4, 5, 1, false, 0}));
    assert_true(EXPLAINS(5, {0, 1, 3, true, 2}, {2, 3, 3, false, 2}, {4, 5, 2, true, 0}));
    assert_true(EXPLAINS(5, {0, 1, 0, true, 5}, {2, 3, 5, true, 0}, {4, 5, 0, true, 0}));
}

static void answers_that_overtook_each_other_are_explained(void **state)
{
    (void)state;

    assert_true(EXPLAINS(2, {0, 9, 1, false, 0}, {1, 8, 1, true, 0}, {2, 7, 1, true, 1}));
    assert_true(EXPLAINS(3, {0, 9, 0, true, 1}, {1, 2, 2, true, 1}, {3, 4, 1, true, 0}));
}

static void no_order_explains_a_counter_that_erred(void **state)
{
    (void)state;

    assert_false(EXPLAINS(1, {0, 9, 1, true, 0}, {0, 9, 1, true, 0})); /* the same answer twice */
    assert_false(EXPLAINS(3, {0, 9, 1, true, 2}, {0, 9, 1, true, 0})); /* a gap */
    assert_false(EXPLAINS(1, {0, 9, 1, false, 0}));                    /* denied too early */
    assert_false(EXPLAINS(5, {0, 1, 3, false, 5}));                    /* denied, but it fitted */
    assert_false(EXPLAINS(2, {0, 1, 3, true, -1}));                    /* allowed, did not fit */
}

static void what_ended_before_another_began_comes_first(void **state)
{
    (void)state;

    assert_false(EXPLAINS(2, {0, 1, 1, true, 0}, {2, 3, 1, true, 1}));
    assert_false(EXPLAINS(1, {0, 1, 1, false, 0}, {2, 3, 1, true, 0}));
    assert_false(EXPLAINS(3, {0, 1, 0, true, 1}, {2, 3, 2, true, 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_one_after_the_other_is_explained),
        cmocka_unit_test(answers_that_overtook_each_other_are_explained),
        cmocka_unit_test(no_order_explains_a_counter_that_erred),
        cmocka_unit_test(what_ended_before_another_began_comes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
