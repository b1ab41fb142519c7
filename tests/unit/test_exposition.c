/* SPDX-License-Identifier: MIT */
#include "metrics/exposition.h"

#include "base/arena.h"
#include "support/cmocka.h"

static struct arena arena;
static struct buffer out;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    buffer_init(&out, &arena, 64);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static void a_family_has_its_help_and_its_type(void **state)
{
    (void)state;

    exposition_add_family(&out, "cups_total", "counter", "Cups of tea.");

    assert_string_equal(buffer_string(&out),
                        "# HELP cups_total Cups of tea.\n# TYPE cups_total counter\n");
}

static void a_sample_without_labels_has_no_braces(void **state)
{
    (void)state;

    exposition_begin(&out, "cups", "_count");
    exposition_add_labels(&out, "");
    exposition_end(&out, UINT64_MAX);

    assert_string_equal(buffer_string(&out), "cups_count 18446744073709551615\n");
}

static void labels_are_separated_by_commas(void **state)
{
    (void)state;

    exposition_begin(&out, "cups", "");
    exposition_add_labels(&out, "tea=\"green\"");
    exposition_add_label(&out, "room", TEXT("{1"));
    exposition_add_label(&out, "guest", TEXT("{"));
    exposition_end(&out, 3);

    assert_string_equal(buffer_string(&out), "cups{tea=\"green\",room=\"{1\",guest=\"{\"} 3\n");
}

static void a_label_says_anything(void **state)
{
    (void)state;

    exposition_begin(&out, "cups", "");
    exposition_add_label(&out, "of", TEXT("a \"b\" \\ c\nd"));
    exposition_end(&out, 0);

    assert_string_equal(buffer_string(&out), "cups{of=\"a \\\"b\\\" \\\\ c\\nd\"} 0\n");
}

static void microseconds_are_written_as_seconds(void **state)
{
    (void)state;
    static const struct {
        uint64_t us;
        const char *sample;
    } cases[] = {
        {0, "t 0.000000\n"},
        {1, "t 0.000001\n"},
        {999999, "t 0.999999\n"},
        {1000000, "t 1.000000\n"},
        {UINT64_C(1795286707493946), "t 1795286707.493946\n"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        buffer_init(&out, &arena, 64);
        exposition_begin(&out, "t", "");
        exposition_end_seconds(&out, cases[i].us);
        assert_string_equal(buffer_string(&out), cases[i].sample);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_family_has_its_help_and_its_type, begin, end),
        cmocka_unit_test_setup_teardown(a_sample_without_labels_has_no_braces, begin, end),
        cmocka_unit_test_setup_teardown(labels_are_separated_by_commas, begin, end),
        cmocka_unit_test_setup_teardown(a_label_says_anything, begin, end),
        cmocka_unit_test_setup_teardown(microseconds_are_written_as_seconds, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
