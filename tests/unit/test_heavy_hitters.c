/* SPDX-License-Identifier: MIT
 *
 * Space-Saving compared with exact counts. The streams are made from a fixed seed. */
#include "journal/heavy_hitters.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NAMES  1000
#define STREAM 50000

/* The exact counts. */
struct truth {
    uint64_t counts[NAMES];
    uint64_t total;
};

static struct text name_of(size_t number, char space[static 32])
{
    return (struct text){space, (size_t)snprintf(space, 32, "subject-%zu", number)};
}

static size_t number_of(struct text name)
{
    int64_t number = -1;

    assert_true(text_parse_integer((struct text){name.at + 8, name.length - 8}, &number));
    assert_in_range(number, 0, NAMES - 1);
    return (size_t)number;
}

/* A skewed stream: the number n comes about twice as often as 2n. */
static void add_stream(struct heavy_hitters *hitters, struct truth *truth, uint32_t seed)
{
    for (int i = 0; i < STREAM; i++) {
        char space[32];

        seed = seed * 1664525U + 1013904223U;
        const double uniform = (double)(seed >> 8) / (1 << 24);
        const size_t number = (size_t)((double)NAMES / (1 + uniform * (NAMES - 1))) % NAMES;
        heavy_hitters_add(hitters, false, name_of(number, space));
        truth->counts[number]++;
        truth->total++;
    }
}

static void assert_guarantees(const struct heavy_hitters *hitters, const struct truth *truth)
{
    const uint64_t bound = heavy_hitters_bound(hitters);
    struct hitter top[HEAVY_HITTERS];
    bool held[NAMES] = {false};
    const size_t count = heavy_hitters_top(hitters, HEAVY_HITTERS, top);

    assert_int_equal(count, HEAVY_HITTERS);
    assert_true(bound <= truth->total / HEAVY_HITTERS);
    for (size_t i = 0; i < count; i++) {
        const size_t number = number_of(top[i].name);

        assert_true(top[i].count >= truth->counts[number]);
        assert_true(top[i].count - top[i].error <= truth->counts[number]);
        assert_true(i == 0 || top[i - 1].count >= top[i].count);
        assert_false(held[number]);
        held[number] = true;
    }
    for (size_t i = 0; i < NAMES; i++)
        assert_true(held[i] || truth->counts[i] <= bound);
}

static void a_few_are_counted_exactly(void **state)
{
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct hitter top[HEAVY_HITTERS];
    char space[32];

    (void)state;
    for (size_t number = 0; number < HEAVY_HITTERS - 1; number++) {
        for (size_t i = 0; i <= number; i++)
            heavy_hitters_add(hitters, false, name_of(number, space));
    }

    assert_int_equal(heavy_hitters_bound(hitters), 0);
    assert_int_equal(heavy_hitters_top(hitters, HEAVY_HITTERS, top), HEAVY_HITTERS - 1);
    for (size_t i = 0; i < HEAVY_HITTERS - 1; i++) {
        assert_int_equal(number_of(top[i].name), HEAVY_HITTERS - 2 - i);
        assert_int_equal(top[i].count, HEAVY_HITTERS - 1 - i);
        assert_int_equal(top[i].error, 0);
    }
    heavy_hitters_free(hitters);
}

static void a_newcomer_takes_the_place_and_the_count_of_the_least(void **state)
{
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct hitter top[1];
    char space[32];

    (void)state;
    for (size_t number = 0; number < HEAVY_HITTERS; number++) {
        heavy_hitters_add(hitters, false, name_of(number, space));
        heavy_hitters_add(hitters, false, name_of(number, space));
    }
    assert_int_equal(heavy_hitters_bound(hitters), 2);

    heavy_hitters_add(hitters, false, TEXT("subject-999"));

    assert_int_equal(heavy_hitters_top(hitters, 1, top), 1);
    assert_true(text_equal(top[0].name, TEXT("subject-999")));
    assert_int_equal(top[0].count, 3);
    assert_int_equal(top[0].error, 2);
    heavy_hitters_free(hitters);
}

static void a_user_is_not_the_address_of_the_same_name(void **state)
{
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct hitter top[3];

    (void)state;
    heavy_hitters_add(hitters, true, TEXT("192.0.2.1"));
    heavy_hitters_add(hitters, false, TEXT("192.0.2.1"));
    heavy_hitters_add(hitters, true, TEXT("192.0.2.1"));

    assert_int_equal(heavy_hitters_top(hitters, 3, top), 2);
    assert_true(top[0].is_ip);
    assert_int_equal(top[0].count, 2);
    assert_false(top[1].is_ip);
    assert_int_equal(top[1].count, 1);
    heavy_hitters_free(hitters);
}

static void whoever_comes_often_is_held_within_the_bounds(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 10; seed++) {
        struct heavy_hitters *hitters = heavy_hitters_new();
        struct truth truth = {0};

        add_stream(hitters, &truth, seed);

        assert_guarantees(hitters, &truth);
        heavy_hitters_free(hitters);
    }
}

static void merging_keeps_the_bounds(void **state)
{
    struct heavy_hitters *all = heavy_hitters_new();
    struct truth truth = {0};

    (void)state;
    for (uint32_t seed = 1; seed <= 10; seed++) {
        struct heavy_hitters *part = heavy_hitters_new();

        add_stream(part, &truth, seed);
        heavy_hitters_merge(all, part);

        assert_guarantees(all, &truth);
        heavy_hitters_free(part);
    }
    heavy_hitters_free(all);
}

static void merging_a_few_is_exact(void **state)
{
    struct heavy_hitters *left = heavy_hitters_new();
    struct heavy_hitters *right = heavy_hitters_new();
    struct hitter top[4];

    (void)state;
    heavy_hitters_add(left, false, TEXT("ada"));
    heavy_hitters_add(left, false, TEXT("bob"));
    heavy_hitters_add(right, false, TEXT("bob"));
    heavy_hitters_add(right, false, TEXT("eve"));
    heavy_hitters_add(right, false, TEXT("bob"));

    heavy_hitters_merge(left, right);

    assert_int_equal(heavy_hitters_top(left, 4, top), 3);
    assert_true(text_equal(top[0].name, TEXT("bob")));
    assert_int_equal(top[0].count, 3);
    assert_int_equal(top[1].count + top[2].count, 2);
    assert_int_equal(heavy_hitters_bound(left), 0);
    heavy_hitters_free(left);
    heavy_hitters_free(right);
}

static void what_was_packed_is_read_back(void **state)
{
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct heavy_hitters *again = heavy_hitters_new();
    struct truth truth = {0};
    struct arena arena = {0};
    struct buffer packed;

    (void)state;
    add_stream(hitters, &truth, 1);
    buffer_init(&packed, &arena, 16);
    heavy_hitters_write(hitters, &packed);

    assert_true(heavy_hitters_read(again, buffer_text(&packed)));

    assert_guarantees(again, &truth);
    heavy_hitters_free(hitters);
    heavy_hitters_free(again);
    arena_close(&arena);
}

static void what_is_cut_off_or_too_much_is_refused(void **state)
{
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct arena arena = {0};
    struct buffer packed;

    (void)state;
    buffer_init(&packed, &arena, 16);
    heavy_hitters_add(hitters, false, TEXT("ada"));
    heavy_hitters_write(hitters, &packed);
    for (size_t length = 1; length < packed.length; length++) {
        heavy_hitters_clear(hitters);
        assert_false(heavy_hitters_read(hitters, (struct text){packed.at, length}));
    }

    heavy_hitters_clear(hitters);
    for (int i = 0; i < HEAVY_HITTERS; i++)
        assert_true(heavy_hitters_read(hitters, buffer_text(&packed)));
    assert_false(heavy_hitters_read(hitters, buffer_text(&packed)));
    heavy_hitters_free(hitters);
    arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_are_counted_exactly),
        cmocka_unit_test(a_newcomer_takes_the_place_and_the_count_of_the_least),
        cmocka_unit_test(a_user_is_not_the_address_of_the_same_name),
        cmocka_unit_test(whoever_comes_often_is_held_within_the_bounds),
        cmocka_unit_test(merging_keeps_the_bounds),
        cmocka_unit_test(merging_a_few_is_exact),
        cmocka_unit_test(what_was_packed_is_read_back),
        cmocka_unit_test(what_is_cut_off_or_too_much_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
