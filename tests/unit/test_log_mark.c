/* SPDX-License-Identifier: MIT */
#include "journal/log_mark.h"

#include "support/cmocka.h"

static void a_mark_is_read_as_it_was_written(void **state)
{
    static const struct {
        struct log_mark mark;
        const char *text;
    } rows[] = {
        {{{1, 2}, {0}}, "0000000000000001-2"},
        {{{1, 2}, {3, 4}}, "0000000000000001-2+0000000000000003-4"},
        {{{UINT64_MAX, INT64_MAX}, {UINT64_MAX, INT64_MAX}},
         "ffffffffffffffff-9223372036854775807+ffffffffffffffff-9223372036854775807"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char space[LOG_MARK_BYTES];
        struct log_mark read;

        assert_string_equal(log_mark_write(&rows[i].mark, space).at, rows[i].text);
        assert_true(log_mark_read(text_of(rows[i].text), &read));
        assert_true(entry_id_equal(&read.read, &rows[i].mark.read));
        assert_true(entry_id_equal(&read.ahead, &rows[i].mark.ahead));
    }
}

static void what_nobody_has_written_is_no_mark(void **state)
{
    static const char *const rows[] = {
        "",
        "+",
        "0000000000000001-2+",
        "+0000000000000001-2",
        "0000000000000001-2+0000000000000003-0",
        "0000000000000001-2 0000000000000003-4",
        "0000000000000001-2+0000000000000003-4+0000000000000003-5",
    };
    struct log_mark read;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_false(log_mark_read(text_of(rows[i]), &read));
}

static void what_was_shown_ahead_is_named_until_the_log_has_it(void **state)
{
    struct log_mark mark = {{1, 2}, {3, 4}};

    (void)state;
    log_mark_note(&mark, &(struct entry_id){1, 9});
    assert_int_equal(mark.ahead.sequence, 4);
    log_mark_note(&mark, &(struct entry_id){3, 3});
    assert_int_equal(mark.ahead.sequence, 4);
    log_mark_note(&mark, &(struct entry_id){3, 4});
    assert_int_equal(mark.ahead.sequence, 0);
    assert_true(entry_id_equal(&mark.read, &(struct entry_id){3, 4}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_is_read_as_it_was_written),
        cmocka_unit_test(what_nobody_has_written_is_no_mark),
        cmocka_unit_test(what_was_shown_ahead_is_named_until_the_log_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
