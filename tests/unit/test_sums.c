/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "journal/sums.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint64_t value_of(const struct sums *sums, struct text name)
{
    for (uint32_t i = 0; i < sums->count; i++) {
        if (text_equal((struct text){sums->at[i].name, sums->at[i].length}, name))
            return sums->at[i].value;
    }
    return 0;
}

/* Adds 1 to each of "name0", "name1" and so on. */
static void add_names(struct sums *sums, int count)
{
    for (int i = 0; i < count; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "name%d", i);
        sums_add(sums, text_of(name), 1);
    }
}

static void each_name_has_its_sum(void **state)
{
    struct sums sums = {0};

    (void)state;
    sums_add(&sums, TEXT("requests"), 2);
    sums_add(&sums, TEXT("tokens"), 1500);
    sums_add(&sums, TEXT("requests"), 3);

    assert_int_equal(sums.count, 2);
    assert_int_equal(value_of(&sums, TEXT("requests")), 5);
    assert_int_equal(value_of(&sums, TEXT("tokens")), 1500);
    sums_clear(&sums);
    assert_int_equal(value_of(&sums, TEXT("requests")), 0);
    sums_close(&sums);
}

static void further_names_and_long_ones_are_summed_together(void **state)
{
    static const struct text too_long = {"a name that is longer than 32 bytes", 35};
    struct sums sums = {0};

    (void)state;
    sums_add(&sums, too_long, 7);
    add_names(&sums, SUMS_MAX + 5);
    add_names(&sums, SUMS_MAX + 5);

    assert_int_equal(sums.count, SUMS_MAX + 1);
    assert_int_equal(value_of(&sums, TEXT("name0")), 2);
    assert_int_equal(value_of(&sums, TEXT("name15")), 2);
    assert_int_equal(value_of(&sums, TEXT("(other)")), 7 + 2 * 5);
    sums_close(&sums);
}

static void a_merge_adds_and_keeps_the_bound(void **state)
{
    struct sums sums = {0};
    struct sums more = {0};

    (void)state;
    sums_add(&sums, TEXT("tokens"), 1);
    add_names(&more, SUMS_MAX);
    sums_add(&more, TEXT("tokens"), 2);
    sums_merge(&sums, &more);

    /* In `more` there was no room for the tokens. */
    assert_int_equal(value_of(&sums, TEXT("tokens")), 1);
    assert_int_equal(value_of(&sums, TEXT("(other)")), 2 + 1);
    assert_int_equal(sums.count, SUMS_MAX + 1);
    sums_close(&sums);
    sums_close(&more);
}

static void a_sum_stays_at_its_highest(void **state)
{
    struct sums sums = {0};

    (void)state;
    sums_add(&sums, TEXT("tokens"), SUMS_VALUE_MAX - 1);
    sums_add(&sums, TEXT("tokens"), 5);
    assert_int_equal(value_of(&sums, TEXT("tokens")), SUMS_VALUE_MAX);
    sums_add(&sums, TEXT("tokens"), UINT64_MAX);
    assert_int_equal(value_of(&sums, TEXT("tokens")), SUMS_VALUE_MAX);
    sums_close(&sums);
}

static void packed_sums_come_back_and_fit(void **state)
{
    struct arena arena = {0};
    struct buffer buffer;
    struct sums sums = {0};
    struct sums read = {0};

    (void)state;
    buffer_init(&buffer, &arena, 16);
    add_names(&sums, SUMS_MAX + 1);
    sums_add(&sums, TEXT("name3"), SUMS_VALUE_MAX);
    sums_write(&sums, &buffer);
    assert_true(buffer.length <= SUMS_BYTES_MAX);
    sums_add_packed(&read, buffer_text(&buffer));
    sums_add_packed(&read, (struct text){0});

    assert_int_equal(read.count, sums.count);
    assert_int_equal(value_of(&read, TEXT("name3")), SUMS_VALUE_MAX);
    assert_int_equal(value_of(&read, TEXT("(other)")), 1);
    /* Any beginning of it is read without harm. */
    for (size_t length = 0; length < buffer.length; length++)
        sums_add_packed(&read, (struct text){buffer.at, length});
    assert_int_equal(read.count, SUMS_MAX + 1);
    sums_close(&sums);
    sums_close(&read);
    arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_has_its_sum),
        cmocka_unit_test(further_names_and_long_ones_are_summed_together),
        cmocka_unit_test(a_merge_adds_and_keeps_the_bound),
        cmocka_unit_test(a_sum_stays_at_its_highest),
        cmocka_unit_test(packed_sums_come_back_and_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
