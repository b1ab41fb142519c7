/* SPDX-License-Identifier: MIT */
#include "auth/api_key.h"

#include "support/cmocka.h"

#include <sodium.h>

/* Their checksums were computed with Python's zlib.crc32(). */
#define KNOWN_KEY       "slk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF4gMnbh"
#define ZERO_PADDED_KEY "slk_000000000186_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz00Ig4x"

static void keys_have_the_published_form(void **state)
{
    (void)state;
    char key[API_KEY_BYTES + 1];

    api_key_generate(key);

    assert_int_equal(strlen(key), API_KEY_BYTES);
    assert_memory_equal(key, "slk_", 4);
    assert_int_equal(key[16], '_');
    assert_true(api_key_is_well_formed(text_of(key)));
}

static void keys_differ(void **state)
{
    (void)state;
    char one[API_KEY_BYTES + 1];
    char other[API_KEY_BYTES + 1];

    api_key_generate(one);
    api_key_generate(other);

    assert_string_not_equal(one, other);
}

static void checksums_are_those_of_zlib(void **state)
{
    (void)state;

    assert_true(api_key_is_well_formed(TEXT(KNOWN_KEY)));
    assert_true(api_key_is_well_formed(TEXT(ZERO_PADDED_KEY)));
}

static void any_mistyped_character_is_noticed(void **state)
{
    (void)state;

    for (size_t i = 0; i < API_KEY_BYTES; i++) {
        char key[] = KNOWN_KEY;

        key[i] = key[i] == 'x' ? 'y' : 'x';

        assert_false(api_key_is_well_formed(text_of(key)));
    }
}

static void anything_else_is_no_key(void **state)
{
    static const char *const others[] = {
        "",
        "slk_",
        "slk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF4gMnb",
        KNOWN_KEY "h",
        "slk-0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF4gMnbh",
        "SLK_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF4gMnbh",
        "slk_0123456789AB-abcdefghijklmnopqrstuvwxyzABCDEF4gMnbh",
        "slk_0123456789A\xc3_abcdefghijklmnopqrstuvwxyzABCDEF4gMnbh",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        assert_false(api_key_is_well_formed(text_of(others[i])));
    assert_false(api_key_is_well_formed((struct text){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_the_published_form),
        cmocka_unit_test(keys_differ),
        cmocka_unit_test(checksums_are_those_of_zlib),
        cmocka_unit_test(any_mistyped_character_is_noticed),
        cmocka_unit_test(anything_else_is_no_key),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
