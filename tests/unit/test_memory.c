/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include "last_words.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Otherwise AddressSanitizer itself would end the process. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

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

static void run_out(void)
{
    volatile size_t endless = SIZE_MAX / 2;

    free(memory_new(1, endless));
}

static void running_out_is_told_as_the_log_tells_and_aborts(void **state)
{
    (void)state;
    char told[4096];

    last_words_read(run_out, told, sizeof(told));

    const char *line = strchr(told, '{'); /* a sanitizer may write something before */
    assert_non_null(line);
    json_t *fields = json_loads(line, 0, NULL);
    assert_non_null(fields);
    assert_int_equal(json_object_size(fields), 4);
    assert_int_equal(json_string_length(json_object_get(fields, "time")),
                     strlen("2026-11-21T14:12:15.042Z"));
    assert_string_equal(json_string_value(json_object_get(fields, "level")), "error");
    assert_string_equal(json_string_value(json_object_get(fields, "event")), "out of memory");
    assert_true(json_integer_value(json_object_get(fields, "bytes")) == (json_int_t)(SIZE_MAX / 2));
    json_decref(fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(nothing_has_an_address_too),
        cmocka_unit_test(resizing_keeps_the_content),
        cmocka_unit_test(running_out_is_told_as_the_log_tells_and_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
