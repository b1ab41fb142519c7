/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct digest_key key = {{1, 2, 3}};
static const struct digest_key other_key = {{1, 2, 4}};

static struct digest digest_of_two(struct text first, struct text second)
{
    return digest_of(&key, (const struct text[]){first, second}, 2);
}

static bool same(struct digest a, struct digest b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

static void the_same_list_has_the_same_digest(void **state)
{
    (void)state;

    assert_true(
        same(digest_of_two(TEXT("app"), TEXT("user")), digest_of_two(TEXT("app"), TEXT("user"))));
}

static void the_digest_is_what_every_instance_computes(void **state)
{
    (void)state;
    static const unsigned char input[] = {3, 0, 'a', 'p', 'p', 0, 0};
    struct digest expected;
    crypto_shorthash_siphashx24(expected.bytes, input, sizeof(input), key.bytes);

    assert_true(same(digest_of_two(TEXT("app"), TEXT("")), expected));
    assert_true(same(digest_of_two(TEXT("app"), text_of(NULL)), expected));
}

static void different_lists_have_different_digests(void **state)
{
    (void)state;
    const struct digest digests[] = {
        digest_of_two(TEXT("a"), TEXT("bc")),
        digest_of_two(TEXT("ab"), TEXT("c")),
        digest_of_two(TEXT("abc"), TEXT("")),
        digest_of_two(TEXT(""), TEXT("abc")),
        digest_of_two(TEXT("a\0"), TEXT("bc")),
        digest_of(&key, &TEXT("abc"), 1),
        digest_of(&key, NULL, 0),
        digest_of(&other_key, &TEXT("abc"), 1),
    };

    for (size_t i = 0; i < ARRAY_COUNT(digests); i++) {
        for (size_t k = 0; k < i; k++)
            assert_false(same(digests[i], digests[k]));
    }
}

static void a_part_may_be_long_or_binary(void **state)
{
    (void)state;
    char bytes[DIGEST_INPUT_BYTES_MAX - 2];
    const struct text whole = {bytes, sizeof(bytes)};
    memset(bytes, 0xFF, sizeof(bytes));
    const struct digest before = digest_of(&key, &whole, 1);

    bytes[sizeof(bytes) - 1] ^= 1;

    assert_false(same(digest_of(&key, &whole, 1), before));
}

static void keys_for_different_purposes_are_unrelated(void **state)
{
    (void)state;
    const struct pepper pepper = {{1, 2, 3}};
    const struct pepper other_pepper = {{1, 2, 4}};

    const struct digest_key subject = digest_key_derive(&pepper, TEXT("subject"));
    const struct digest_key subject_again = digest_key_derive(&pepper, TEXT("subject"));
    const struct digest_key secret = digest_key_derive(&pepper, TEXT("secret"));
    const struct digest_key other = digest_key_derive(&other_pepper, TEXT("subject"));

    assert_memory_equal(subject.bytes, subject_again.bytes, DIGEST_KEY_BYTES);
    assert_memory_not_equal(subject.bytes, secret.bytes, DIGEST_KEY_BYTES);
    assert_memory_not_equal(subject.bytes, other.bytes, DIGEST_KEY_BYTES);
    assert_memory_not_equal(subject.bytes, pepper.bytes, DIGEST_KEY_BYTES);
}

static int begin(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_list_has_the_same_digest),
        cmocka_unit_test(the_digest_is_what_every_instance_computes),
        cmocka_unit_test(different_lists_have_different_digests),
        cmocka_unit_test(a_part_may_be_long_or_binary),
        cmocka_unit_test(keys_for_different_purposes_are_unrelated),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
