/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void new_memory_is_zeroed(void **state)
{
    (void)state;
    static const char zeros[40];
    char *memory = memory_new(8, 5);

    assert_memory_equal(memory, zeros, 40);
    free(memory);
}

static void nothing_has_an_address_too(void **state)
{
    (void)state;
    void *memory = memory_new(0, 8);

    assert_non_null(memory);
    free(memory);
}

static void resizing_keeps_the_content(void **state)
{
    (void)state;
    char *memory = memory_string("sluice");

    memory = memory_resize(memory, 4096);

    assert_string_equal(memory, "sluice");
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(nothing_has_an_address_too),
        cmocka_unit_test(resizing_keeps_the_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
