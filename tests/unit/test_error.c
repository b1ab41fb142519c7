/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void setting_an_error_fails(void **state)
{
    (void)state;
    struct error error = {0};

    assert_false(error_set(&error, "%s: must be %d", "workers", 1));

    assert_string_equal(error.message, "workers: must be 1");
}

static void a_long_message_is_cut(void **state)
{
    (void)state;
    struct error error;

    error_set(&error, "%0999d", 0);

    assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
}

static void an_error_can_wrap_its_own_message(void **state)
{
    (void)state;
    struct error error;
    error_set(&error, "no such file");

    error_set(&error, "config.yaml: %s", error.message);

    assert_string_equal(error.message, "config.yaml: no such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_an_error_fails),
        cmocka_unit_test(a_long_message_is_cut),
        cmocka_unit_test(an_error_can_wrap_its_own_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
