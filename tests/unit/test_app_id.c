/* SPDX-License-Identifier: MIT */
#include "base/app_id.h"

#include "support/cmocka.h"

#include <sodium.h>

static void a_new_id_reads_as_one(void **state)
{
    (void)state;
    char id[APP_ID_BYTES + 1];
    char read[APP_ID_BYTES + 1];

    app_id_generate(id);

    assert_int_equal(strlen(id), APP_ID_BYTES);
    assert_memory_equal(id, "app_", 4);
    assert_true(app_id_read(text_of(id), read));
    assert_string_equal(read, id);
}

static void new_ids_differ_and_so_do_their_hashes(void **state)
{
    (void)state;
    char one[APP_ID_BYTES + 1];
    char other[APP_ID_BYTES + 1];

    app_id_generate(one);
    app_id_generate(other);

    assert_string_not_equal(one, other);
}

static void a_text_without_the_form_of_an_id_is_not_one(void **state)
{
    static const struct text others[] = {
        {NULL, 0},
        {"app_0123456789A", 15},
        {"app_0123456789ABC", 17},
        {"App_0123456789AB", 16},
        {"app_0123456789A-", 16},
        {"app_0123456789A\0", 16},
        {"app_0123456789\xc3\xa4", 16},
    };
    char id[APP_ID_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        assert_false(app_id_read(others[i], id));
    assert_true(app_id_read(TEXT("app_0123456789AB"), id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_id_reads_as_one),
        cmocka_unit_test(new_ids_differ_and_so_do_their_hashes),
        cmocka_unit_test(a_text_without_the_form_of_an_id_is_not_one),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
