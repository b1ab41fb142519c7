/* SPDX-License-Identifier: MIT */
#include "store/call_window.h"

#include "support/cmocka.h"

#define TIMEOUT_US INT64_C(1000)

static struct call_window begun_window(void)
{
    struct call_window window;

    call_window_init(&window, TIMEOUT_US);
    return window;
}

/* One beside it would be one too many. */
static size_t size_of(const struct call_window *window)
{
    size_t out = 0;

    while (call_window_admits(window, out))
        out++;
    return out;
}

static void answers_take(struct call_window *window, size_t count, int64_t took_us, int64_t now_us)
{
    for (size_t i = 0; i < count; i++)
        call_window_took(window, took_us, now_us);
}

static void it_begins_with_a_size(void **state)
{
    const struct call_window window = begun_window();
    (void)state;

    assert_int_equal(size_of(&window), CALL_WINDOW_START);
}

static void a_window_of_quick_answers_lets_it_grow_by_a_quarter(void **state)
{
    struct call_window window = begun_window();
    (void)state;

    answers_take(&window, CALL_WINDOW_START, TIMEOUT_US / 2, TIMEOUT_US);

    assert_int_equal(size_of(&window), CALL_WINDOW_START / 4 * 5);
}

static void answers_that_are_neither_quick_nor_slow_leave_it(void **state)
{
    struct call_window window = begun_window();
    (void)state;

    answers_take(&window, 1000, TIMEOUT_US / 2 + 1, TIMEOUT_US);
    answers_take(&window, 1000, TIMEOUT_US / 4 * 3, 2 * TIMEOUT_US);

    assert_int_equal(size_of(&window), CALL_WINDOW_START);
}

static void slow_answers_let_it_shrink_once_in_the_time_of_a_call(void **state)
{
    struct call_window window = begun_window();
    (void)state;

    answers_take(&window, 1000, TIMEOUT_US, TIMEOUT_US);
    const size_t once = size_of(&window);
    answers_take(&window, 1000, TIMEOUT_US, 2 * TIMEOUT_US - 1);
    const size_t still = size_of(&window);
    answers_take(&window, 1, TIMEOUT_US, 2 * TIMEOUT_US);

    assert_int_equal(once, CALL_WINDOW_START / 4 * 3);
    assert_int_equal(still, once);
    assert_int_equal(size_of(&window), CALL_WINDOW_START / 16 * 9);
}

static void it_has_bounds(void **state)
{
    struct call_window large = begun_window();
    struct call_window small = begun_window();
    (void)state;

    answers_take(&large, (size_t)8 * CALL_WINDOW_MAX, 0, TIMEOUT_US);
    for (int64_t i = 1; i <= 100; i++)
        answers_take(&small, 1, TIMEOUT_US, i * TIMEOUT_US);

    assert_int_equal(size_of(&large), CALL_WINDOW_MAX);
    assert_int_equal(size_of(&small), CALL_WINDOW_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_a_size),
        cmocka_unit_test(a_window_of_quick_answers_lets_it_grow_by_a_quarter),
        cmocka_unit_test(answers_that_are_neither_quick_nor_slow_leave_it),
        cmocka_unit_test(slow_answers_let_it_shrink_once_in_the_time_of_a_call),
        cmocka_unit_test(it_has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
