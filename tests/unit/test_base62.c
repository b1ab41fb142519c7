/* SPDX-License-Identifier: MIT */
#include "base/base62.h"

#include "support/cmocka.h"

#include <sodium.h>

/* 20,000 draws miss one of 62 with a probability below 10^-138. */
static void random_text_uses_all_of_base62_and_nothing_else(void **state)
{
    enum { DRAWS = 20000 };
    static char drawn[DRAWS + 1];
    bool seen[256] = {false};
    size_t kinds = 0;
    (void)state;

    base62_random(drawn, DRAWS);

    assert_int_equal(strlen(drawn), DRAWS);
    for (size_t i = 0; i < DRAWS; i++)
        seen[(unsigned char)drawn[i]] = true;
    for (int c = 0; c < 256; c++) {
        bool expected = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        assert_int_equal(seen[c], expected);
        assert_int_equal(base62_is((char)c), expected);
        kinds += seen[c];
    }
    assert_int_equal(kinds, 62);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_text_uses_all_of_base62_and_nothing_else),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
