/* SPDX-License-Identifier: MIT */
#include "auth/key_cache.h"

#include "support/cmocka.h"

#include <sodium.h>

#define KEYS (2 * KEY_CACHE_SLOTS) /* so some share a slot, whatever the cache's random key is */

static const struct pepper pepper = {.bytes = {1}};
static char keys[KEYS][API_KEY_BYTES + 1];

static int setup(void **state)
{
    *state = key_cache_new();
    return 0;
}

static int teardown(void **state)
{
    key_cache_free(*state);
    return 0;
}

static void expect_own_digest(struct key_cache *cache, const char *key)
{
    struct key_digest digest;

    assert_true(key_cache_digest(cache, &pepper, text_of(key), &digest));

    const struct key_digest expected = key_digest_of(&pepper, text_of(key));
    assert_memory_equal(&digest, &expected, sizeof(digest));
}

static void a_key_has_the_same_digest_each_time(void **state)
{
    for (int i = 0; i < 3; i++)
        expect_own_digest(*state, keys[0]);
}

static void keys_that_share_a_slot_keep_their_own_digests(void **state)
{
    for (size_t i = 0; i < KEYS; i++)
        expect_own_digest(*state, keys[i]);
    for (size_t i = 0; i < KEYS; i++)
        expect_own_digest(*state, keys[i]);
}

/* With another pepper, a digest from the cache is wrong. So it shows that it came from the
 * cache. */
static void a_key_is_not_hashed_again(void **state)
{
    const struct pepper other_pepper = {.bytes = {2}};
    struct key_digest first;
    struct key_digest second;

    assert_true(key_cache_digest(*state, &pepper, text_of(keys[0]), &first));
    assert_true(key_cache_digest(*state, &other_pepper, text_of(keys[0]), &second));

    assert_memory_equal(&first, &second, sizeof(first));
}

static void what_is_no_key_is_refused_each_time(void **state)
{
    static const char long_text[2 * DIGEST_INPUT_BYTES_MAX];
    struct key_digest digest;
    char mistyped[API_KEY_BYTES + 1];
    memcpy(mistyped, keys[0], sizeof(mistyped));
    mistyped[API_KEY_BYTES - 1] = mistyped[API_KEY_BYTES - 1] == '0' ? '1' : '0';
    const struct text others[] = {
        {0},
        TEXT(""),
        text_of(mistyped),
        {keys[0], API_KEY_BYTES - 1},
        {keys[0], API_KEY_BYTES + 1},
        {long_text, sizeof(long_text)},
    };
    expect_own_digest(*state, keys[0]);

    for (size_t i = 0; i < 2 * ARRAY_COUNT(others); i++)
        assert_false(key_cache_digest(*state, &pepper, others[i / 2], &digest));
    expect_own_digest(*state, keys[0]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_key_has_the_same_digest_each_time),
        TEST(keys_that_share_a_slot_keep_their_own_digests),
        TEST(a_key_is_not_hashed_again),
        TEST(what_is_no_key_is_refused_each_time),
    };
#undef TEST

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    for (size_t i = 0; i < KEYS; i++)
        api_key_generate(keys[i]);
    key_cache_free(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
