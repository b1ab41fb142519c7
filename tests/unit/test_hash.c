/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include "support/cmocka.h"

/* Of the authors' own table: http://www.isthe.com/chongo/tech/comp/fnv/ */
static void the_hash_is_fnv_1a(void **state)
{
    (void)state;
    assert_true(hash_text(HASH_START, TEXT("")) == UINT64_C(0xcbf29ce484222325));
    assert_true(hash_text(HASH_START, TEXT("a")) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(hash_text(HASH_START, TEXT("foobar")) == UINT64_C(0x85944171f73967e8));
}

static void a_hash_goes_on_where_it_was_left(void **state)
{
    const uint64_t foo = hash_text(HASH_START, TEXT("foo"));

    (void)state;
    assert_true(hash_text(foo, TEXT("bar")) == hash_text(HASH_START, TEXT("foobar")));
    assert_true(hash_byte(hash_text(foo, TEXT("ba")), 'r') == hash_text(foo, TEXT("bar")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_fnv_1a),
        cmocka_unit_test(a_hash_goes_on_where_it_was_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
