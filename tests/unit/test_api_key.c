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

static void digests_depend_on_key_and_pepper(void **state)
{
    (void)state;
    const struct pepper pepper = {.bytes = {1}};
    const struct pepper other_pepper = {.bytes = {2}};
    uint8_t digest[API_KEY_DIGEST_BYTES];
    uint8_t again[API_KEY_DIGEST_BYTES];
    uint8_t of_other_key[API_KEY_DIGEST_BYTES];
    uint8_t of_other_pepper[API_KEY_DIGEST_BYTES];

    api_key_digest(&pepper, TEXT(KNOWN_KEY), digest);
    api_key_digest(&pepper, TEXT(KNOWN_KEY), again);
    api_key_digest(&pepper, TEXT(ZERO_PADDED_KEY), of_other_key);
    api_key_digest(&other_pepper, TEXT(KNOWN_KEY), of_other_pepper);

    assert_memory_equal(digest, again, sizeof(digest));
    assert_memory_not_equal(digest, of_other_key, sizeof(digest));
    assert_memory_not_equal(digest, of_other_pepper, sizeof(digest));
}

/* Python: hashlib.blake2b(key, key=bytes([7]) + bytes(31), digest_size=32). A digest that changed
 * would lock every stored key out. */
static void digests_are_keyed_blake2b(void **state)
{
    (void)state;
    const struct pepper pepper = {.bytes = {7}};
    uint8_t digest[API_KEY_DIGEST_BYTES];
    char hex[2 * API_KEY_DIGEST_BYTES + 1];

    api_key_digest(&pepper, TEXT(KNOWN_KEY), digest);

    sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
    assert_string_equal(hex, "818af49716bc5fbfdf58c79e049fd34624b97704cbd263b5d1e19607cbbdbabe");
}

/* 20,000 draws miss one of 62 with a probability below 10^-138. */
static void random_text_uses_all_of_base62_and_nothing_else(void **state)
{
    enum { DRAWS = 20000 };
    static char drawn[DRAWS + 1];
    bool seen[256] = {false};
    size_t kinds = 0;
    (void)state;

    api_key_random_base62(drawn, DRAWS);

    assert_int_equal(strlen(drawn), DRAWS);
    for (size_t i = 0; i < DRAWS; i++)
        seen[(unsigned char)drawn[i]] = true;
    for (int c = 0; c < 256; c++) {
        bool is_base62 = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        assert_int_equal(seen[c], is_base62);
        kinds += seen[c];
    }
    assert_int_equal(kinds, 62);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_the_published_form),
        cmocka_unit_test(keys_differ),
        cmocka_unit_test(checksums_are_those_of_zlib),
        cmocka_unit_test(any_mistyped_character_is_noticed),
        cmocka_unit_test(anything_else_is_no_key),
        cmocka_unit_test(digests_depend_on_key_and_pepper),
        cmocka_unit_test(digests_are_keyed_blake2b),
        cmocka_unit_test(random_text_uses_all_of_base62_and_nothing_else),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
