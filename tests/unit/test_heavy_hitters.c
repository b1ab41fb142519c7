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

#define ADA_BYTES 7 /* a user "ada" when packed */

/* The exact counts. */
struct truth {
    uint64_t counts[NAMES];
    uint64_t total;
};

static struct text name_of(size_t number, char space[static 32])
{
    return (struct text){space, (size_t)snprintf(space, 32, "subject-%zu", number)};
}

static void add_user(struct heavy_hitters *hitters, struct text user)
{
    heavy_hitters_add(hitters, &(struct subject){TEXT("user"), user}, 1);
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
        add_user(hitters, name_of(number, space));
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
        const size_t number = number_of(top[i].subject.value);

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
            add_user(hitters, name_of(number, space));
    }

    assert_int_equal(heavy_hitters_bound(hitters), 0);
    assert_int_equal(heavy_hitters_top(hitters, HEAVY_HITTERS, top), HEAVY_HITTERS - 1);
    for (size_t i = 0; i < HEAVY_HITTERS - 1; i++) {
        assert_int_equal(number_of(top[i].subject.value), HEAVY_HITTERS - 2 - i);
        assert_int_equal(top[i].count, HEAVY_HITTERS - 1 - i);
        assert_int_equal(top[i].error, 0);
    }
    heavy_hitters_free(hitters);
}

static void subjects_that_come_many_times_at_once_keep_the_guarantees(void **state)
{
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct truth truth = {0};
    uint32_t seed = 7;

    (void)state;
    for (int i = 0; i < STREAM; i++) {
        char space[32];

        seed = seed * 1664525U + 1013904223U;
        const size_t number = (seed >> 8) % NAMES;
        const uint64_t times = 1 + (seed >> 16) % 1000 / (1 + number);
        heavy_hitters_add(hitters, &(struct subject){TEXT("user"), name_of(number, space)}, times);
        truth.counts[number] += times;
        truth.total += times;
    }

    assert_guarantees(hitters, &truth);
    heavy_hitters_free(hitters);
}

static void a_count_stays_at_its_highest(void **state)
{
    const struct subject ada = {TEXT("user"), TEXT("ada")};
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct heavy_hitters *more = heavy_hitters_new();
    struct hitter top[1];

    (void)state;
    heavy_hitters_add(hitters, &ada, INT64_MAX);
    heavy_hitters_add(hitters, &ada, 5);
    heavy_hitters_add(more, &ada, UINT64_MAX);
    heavy_hitters_merge(hitters, more);

    assert_int_equal(heavy_hitters_top(hitters, 1, top), 1);
    assert_int_equal(top[0].count, INT64_MAX);
    heavy_hitters_free(hitters);
    heavy_hitters_free(more);
}

static void a_newcomer_takes_the_place_and_the_count_of_the_least(void **state)
{
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct hitter top[1];
    char space[32];

    (void)state;
    for (size_t number = 0; number < HEAVY_HITTERS; number++) {
        add_user(hitters, name_of(number, space));
        add_user(hitters, name_of(number, space));
    }
    assert_int_equal(heavy_hitters_bound(hitters), 2);

    add_user(hitters, TEXT("subject-999"));

    assert_int_equal(heavy_hitters_top(hitters, 1, top), 1);
    assert_true(text_equal(top[0].subject.value, TEXT("subject-999")));
    assert_int_equal(top[0].count, 3);
    assert_int_equal(top[0].error, 2);
    heavy_hitters_free(hitters);
}

static void a_user_is_not_the_address_of_the_same_name(void **state)
{
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct hitter top[3];

    (void)state;
    heavy_hitters_add(hitters, &(struct subject){TEXT("ip"), TEXT("192.0.2.1")}, 1);
    add_user(hitters, TEXT("192.0.2.1"));
    heavy_hitters_add(hitters, &(struct subject){TEXT("ip"), TEXT("192.0.2.1")}, 1);

    assert_int_equal(heavy_hitters_top(hitters, 3, top), 2);
    assert_true(text_equal(top[0].subject.name, TEXT("ip")));
    assert_int_equal(top[0].count, 2);
    assert_true(text_equal(top[1].subject.name, TEXT("user")));
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
    add_user(left, TEXT("ada"));
    add_user(left, TEXT("bob"));
    add_user(right, TEXT("bob"));
    add_user(right, TEXT("eve"));
    add_user(right, TEXT("bob"));

    heavy_hitters_merge(left, right);

    assert_int_equal(heavy_hitters_top(left, 4, top), 3);
    assert_true(text_equal(top[0].subject.value, TEXT("bob")));
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

/* So that versions of before read it, and their counts are read here. */
static void users_and_addresses_are_packed_as_ever(void **state)
{
    static const char ever[] = "\0\3ada\2\0\1\11"
                               "192.0.2.1\1\0";
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct arena arena = {0};
    struct buffer packed;

    (void)state;
    add_user(hitters, TEXT("ada"));
    add_user(hitters, TEXT("ada"));
    heavy_hitters_add(hitters, &(struct subject){TEXT("ip"), TEXT("192.0.2.1")}, 1);
    buffer_init(&packed, &arena, 16);
    heavy_hitters_write(hitters, &packed);

    assert_int_equal(packed.length, sizeof ever - 1);
    assert_memory_equal(packed.at, ever, packed.length);
    heavy_hitters_free(hitters);
    arena_close(&arena);
}

static void subjects_of_other_names_are_packed_with_them(void **state)
{
    static const char *const names[] = {"org", "user", "team"};
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct heavy_hitters *again = heavy_hitters_new();
    struct arena arena = {0};
    struct hitter top[4];
    struct buffer packed;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        for (size_t times = 0; times <= i; times++)
            heavy_hitters_add(hitters, &(struct subject){text_of(names[i]), TEXT("acme")}, 1);
    }
    buffer_init(&packed, &arena, 16);
    heavy_hitters_write(hitters, &packed);

    assert_true(heavy_hitters_read(again, buffer_text(&packed)));

    assert_int_equal(heavy_hitters_top(again, 4, top), 3);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_true(text_equal(top[2 - i].subject.name, text_of(names[i])));
        assert_true(text_equal(top[2 - i].subject.value, TEXT("acme")));
        assert_int_equal(top[2 - i].count, i + 1);
    }
    heavy_hitters_free(hitters);
    heavy_hitters_free(again);
    arena_close(&arena);
}

/* A name becomes a member of the answer, and nothing escapes it there. */
static void a_name_that_is_no_word_is_refused(void **state)
{
    static const struct text strangers[] = {
        {"\2\0\1x\1\0", 6},
        {"\2\3o\"g\1x\1\0", 9},
        {"\2\41abcdefghijklmnopqrstuvwxyz0123456\1x\1\0", 39},
        {"\3\3org\1x\1\0", 9},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(strangers); i++) {
        struct heavy_hitters *hitters = heavy_hitters_new();

        assert_false(heavy_hitters_read(hitters, strangers[i]));
        heavy_hitters_free(hitters);
    }
}

static void what_is_cut_off_or_too_much_is_refused(void **state)
{
    struct heavy_hitters *hitters = heavy_hitters_new();
    struct arena arena = {0};
    struct buffer packed;

    (void)state;
    buffer_init(&packed, &arena, 16);
    add_user(hitters, TEXT("ada"));
    heavy_hitters_add(hitters, &(struct subject){TEXT("org"), TEXT("acme")}, 1);
    heavy_hitters_write(hitters, &packed);
    for (size_t length = 1; length < packed.length; length++) {
        heavy_hitters_clear(hitters);
        if (length != ADA_BYTES)
            assert_false(heavy_hitters_read(hitters, (struct text){packed.at, length}));
    }

    heavy_hitters_clear(hitters);
    for (int i = 0; i < HEAVY_HITTERS / 2; i++)
        assert_true(heavy_hitters_read(hitters, buffer_text(&packed)));
    assert_false(heavy_hitters_read(hitters, buffer_text(&packed)));
    heavy_hitters_free(hitters);
    arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_are_counted_exactly),
        cmocka_unit_test(subjects_that_come_many_times_at_once_keep_the_guarantees),
        cmocka_unit_test(a_count_stays_at_its_highest),
        cmocka_unit_test(a_newcomer_takes_the_place_and_the_count_of_the_least),
        cmocka_unit_test(a_user_is_not_the_address_of_the_same_name),
        cmocka_unit_test(whoever_comes_often_is_held_within_the_bounds),
        cmocka_unit_test(merging_keeps_the_bounds),
        cmocka_unit_test(merging_a_few_is_exact),
        cmocka_unit_test(what_was_packed_is_read_back),
        cmocka_unit_test(users_and_addresses_are_packed_as_ever),
        cmocka_unit_test(subjects_of_other_names_are_packed_with_them),
        cmocka_unit_test(a_name_that_is_no_word_is_refused),
        cmocka_unit_test(what_is_cut_off_or_too_much_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
