/* SPDX-License-Identifier: MIT */
#include "base/key_digest.h"

#include "support/cmocka.h"

#include <sodium.h>

#define KEY       "slk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF4gMnbh"
#define OTHER_KEY "slk_000000000186_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz00Ig4x"

static void digests_depend_on_key_and_pepper(void **state)
{
    (void)state;
    const struct pepper pepper = {.bytes = {1}};
    const struct pepper other_pepper = {.bytes = {2}};

    struct key_digest digest = key_digest_of(&pepper, TEXT(KEY));
    struct key_digest again = key_digest_of(&pepper, TEXT(KEY));
    struct key_digest of_other_key = key_digest_of(&pepper, TEXT(OTHER_KEY));
    struct key_digest of_other_pepper = key_digest_of(&other_pepper, TEXT(KEY));

    assert_memory_equal(&digest, &again, sizeof(digest));
    assert_memory_not_equal(&digest, &of_other_key, sizeof(digest));
    assert_memory_not_equal(&digest, &of_other_pepper, sizeof(digest));
}

/* Python: hashlib.blake2b(key, key=bytes([7]) + bytes(31), digest_size=32). If the digest changed,
 * no stored key would work any more. */
static void digests_are_keyed_blake2b(void **state)
{
    (void)state;
    const struct pepper pepper = {.bytes = {7}};
    char hex[2 * KEY_DIGEST_BYTES + 1];

    struct key_digest digest = key_digest_of(&pepper, TEXT(KEY));

    sodium_bin2hex(hex, sizeof(hex), digest.bytes, sizeof(digest.bytes));
    assert_string_equal(hex, "818af49716bc5fbfdf58c79e049fd34624b97704cbd263b5d1e19607cbbdbabe");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_depend_on_key_and_pepper),
        cmocka_unit_test(digests_are_keyed_blake2b),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
