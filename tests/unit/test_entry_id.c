/* SPDX-License-Identifier: MIT */
#include "journal/entry_id.h"

#include "support/cmocka.h"

static void an_id_is_read_as_it_was_written(void **state)
{
    static const struct {
        struct entry_id id;
        const char *text;
    } rows[] = {
        {{0, 1}, "0000000000000000-1"},
        {{0x8c1f0e5b7a42d936, 120}, "8c1f0e5b7a42d936-120"},
        {{UINT64_MAX, INT64_MAX}, "ffffffffffffffff-9223372036854775807"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char space[ENTRY_ID_BYTES];
        struct entry_id read;

        assert_string_equal(entry_id_write(&rows[i].id, space).at, rows[i].text);
        assert_true(entry_id_read(text_of(rows[i].text), &read));
        assert_true(entry_id_equal(&read, &rows[i].id));
    }
}

static void what_nobody_has_written_is_no_id(void **state)
{
    static const char *const rows[] = {
        "",
        "-",
        "1",
        "0000000000000000",
        "0000000000000000-",
        "0000000000000000-0",
        "0000000000000000--1",
        "0000000000000000-01",
        "0000000000000000-1-1",
        "0000000000000000-1 ",
        "0000000000000000-9223372036854775808",
        "000000000000000-1",
        "00000000000000000-1",
        "000000000000000A-1",
        "000000000000000g-1",
        "0x00000000000000-1",
        "1795275795912-5",
    };
    struct entry_id read;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_false(entry_id_read(text_of(rows[i]), &read));
    assert_false(entry_id_read(text_of(NULL), &read));
    assert_false(entry_id_read((struct text){"000000000000000\0-1", 18}, &read));
}

static void two_ids_are_equal_if_both_parts_are(void **state)
{
    const struct entry_id id = {1, 2};

    (void)state;
    assert_true(entry_id_equal(&id, &(struct entry_id){1, 2}));
    assert_false(entry_id_equal(&id, &(struct entry_id){1, 3}));
    assert_false(entry_id_equal(&id, &(struct entry_id){2, 2}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_read_as_it_was_written),
        cmocka_unit_test(what_nobody_has_written_is_no_id),
        cmocka_unit_test(two_ids_are_equal_if_both_parts_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
