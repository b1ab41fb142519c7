/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;

static void assert_content(const struct buffer *buffer, const char *expected)
{
    struct text text = buffer_text(buffer);

    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.at, expected, text.length);
}

static void what_is_added_follows_what_is_there(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, &arena, 1);

    buffer_add(&buffer, TEXT("abc"));
    buffer_add(&buffer, text_of(NULL));
    buffer_add_char(&buffer, '=');
    buffer_add_integer(&buffer, 42);
    buffer_printf(&buffer, " %s %d", "and", 7);

    assert_content(&buffer, "abc=42 and 7");
    assert_string_equal(buffer_string(&buffer), "abc=42 and 7");
    assert_int_equal(buffer_text(&buffer).length, strlen("abc=42 and 7"));
    arena_close(&arena);
}

static void growing_keeps_every_byte(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, &arena, 3);

    for (int i = 0; i < 100000; i++)
        buffer_add_char(&buffer, (char)('a' + i % 26));

    struct text text = buffer_text(&buffer);
    assert_int_equal(text.length, 100000);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(text.at[i], 'a' + i % 26);
    arena_close(&arena);
}

static void an_extension_is_filled_by_the_caller(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, &arena, 2);
    buffer_add(&buffer, TEXT("ab"));

    memcpy(buffer_extend(&buffer, 3), "cde", 3);
    (void)buffer_extend(&buffer, 0);
    buffer_add_char(&buffer, 'f');

    assert_content(&buffer, "abcdef");
    arena_close(&arena);
}

static void reserved_bytes_are_used_without_moving(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, &arena, 10);
    const char *at = buffer.at;

    buffer_add(&buffer, TEXT("123456789"));
    buffer_string(&buffer);

    assert_ptr_equal(buffer.at, at);
    arena_close(&arena);
}

static void integers_are_written_to_both_ends(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, &arena, 1);

    buffer_add_integer(&buffer, 0);
    buffer_add_char(&buffer, ' ');
    buffer_add_integer(&buffer, -1);
    buffer_add_char(&buffer, ' ');
    buffer_add_integer(&buffer, INT64_MAX);
    buffer_add_char(&buffer, ' ');
    buffer_add_integer(&buffer, INT64_MIN);

    assert_content(&buffer, "0 -1 9223372036854775807 -9223372036854775808");
    arena_close(&arena);
}

static void printing_more_than_is_free_makes_room(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, &arena, 4);

    buffer_printf(&buffer, "%s", "abcd");
    buffer_printf(&buffer, "%0500d", 1);

    assert_int_equal(buffer_text(&buffer).length, 504);
    assert_int_equal(buffer_text(&buffer).at[503], '1');
    arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_follows_what_is_there),
        cmocka_unit_test(growing_keeps_every_byte),
        cmocka_unit_test(an_extension_is_filled_by_the_caller),
        cmocka_unit_test(reserved_bytes_are_used_without_moving),
        cmocka_unit_test(integers_are_written_to_both_ends),
        cmocka_unit_test(printing_more_than_is_free_makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
