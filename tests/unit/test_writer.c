/* SPDX-License-Identifier: MIT */
#include "base/writer.h"

#include "base/arena.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;
static struct buffer buffer;
static struct writer writer;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    buffer_init(&buffer, &arena, 8);
    writer_init(&writer, &buffer);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static void commas_stand_between_members_only(void **state)
{
    (void)state;

    writer_begin_object(&writer, NULL);
    writer_begin_object(&writer, "empty");
    writer_end_object(&writer);
    writer_begin_array(&writer, "list");
    writer_integer(&writer, NULL, 1);
    writer_begin_object(&writer, NULL);
    writer_bool(&writer, "yes", true);
    writer_bool(&writer, "no", false);
    writer_end_object(&writer);
    writer_begin_array(&writer, NULL);
    writer_end_array(&writer);
    writer_end_array(&writer);
    writer_null(&writer, "nothing");
    writer_raw(&writer, "raw", TEXT("[1,2]"));
    writer_string(&writer, "last", "x");
    writer_end_object(&writer);

    assert_string_equal(buffer_string(&buffer),
                        "{\"empty\":{},\"list\":[1,{\"yes\":true,\"no\":false},[]],"
                        "\"nothing\":null,\"raw\":[1,2],\"last\":\"x\"}");
}

static void absent_is_null_and_empty_is_empty(void **state)
{
    (void)state;

    writer_begin_array(&writer, NULL);
    writer_text(&writer, NULL, text_of(NULL));
    writer_string(&writer, NULL, NULL);
    writer_text(&writer, NULL, TEXT(""));
    writer_end_array(&writer);

    assert_string_equal(buffer_string(&buffer), "[null,null,\"\"]");
}

static void only_what_must_be_is_escaped(void **state)
{
    (void)state;

    writer_text(&writer, NULL, TEXT("a\"b\\c/d\b\f\n\r\t\x01\x1f\x7f\0z\xc3\xa4\xf0\x9f\x98\x80"));

    assert_string_equal(buffer_string(&buffer),
                        "\"a\\\"b\\\\c/d\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000z"
                        "\xc3\xa4\xf0\x9f\x98\x80\"");
}

/* DEL, a C1 control, a bidirectional one, no width, a separator of lines, a tag; not what is
 * seen. */
static void what_is_for_display_hides_nothing(void **state)
{
    (void)state;

    writer_for_display(&writer);
    writer_text(&writer, NULL,
                TEXT("a\x7f\xc2\x9b"
                     "2J\xe2\x80\xae\xe2\x80\x8b\xe2\x80\xa8\xf3\xa0\x80\xa0\xc3\xa4\xf0\x9f\x98"
                     "\x80\x1b\n"));

    assert_string_equal(buffer_string(&buffer),
                        "\"a\\u007f\\u009b2J\\u202e\\u200b\\u2028\\udb40\\udc20"
                        "\xc3\xa4\xf0\x9f\x98\x80\\u001b\\n\"");
}

static void runs_of_plain_bytes_keep_their_place_between_escapes(void **state)
{
    (void)state;

    writer_begin_array(&writer, NULL);
    writer_text(&writer, NULL, TEXT("\n"));
    writer_text(&writer, NULL, TEXT("\nab"));
    writer_text(&writer, NULL, TEXT("ab\n"));
    writer_text(&writer, NULL, TEXT("ab\n\ncd\xc3\xa4"));
    writer_end_array(&writer);

    assert_string_equal(buffer_string(&buffer),
                        "[\"\\n\",\"\\nab\",\"ab\\n\",\"ab\\n\\ncd\xc3\xa4\"]");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;

    writer_text(&writer, NULL, TEXT("a\xff\xc3z\xe2\x82"));

    assert_string_equal(buffer_string(&buffer),
                        "\"a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void every_byte_is_read_back_by_a_parser(void **state)
{
    (void)state;
    char ascii[127];
    for (size_t i = 0; i < sizeof(ascii); i++)
        ascii[i] = (char)(i + 1);

    writer_text(&writer, NULL, (struct text){ascii, sizeof(ascii)});

    json_t *value = json_loads(buffer_string(&buffer), JSON_DECODE_ANY, NULL);
    assert_int_equal(json_string_length(value), sizeof(ascii));
    assert_memory_equal(json_string_value(value), ascii, sizeof(ascii));
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commas_stand_between_members_only, begin, end),
        cmocka_unit_test_setup_teardown(absent_is_null_and_empty_is_empty, begin, end),
        cmocka_unit_test_setup_teardown(only_what_must_be_is_escaped, begin, end),
        cmocka_unit_test_setup_teardown(what_is_for_display_hides_nothing, begin, end),
        cmocka_unit_test_setup_teardown(runs_of_plain_bytes_keep_their_place_between_escapes, begin,
                                        end),
        cmocka_unit_test_setup_teardown(bytes_that_are_not_utf8_are_replaced, begin, end),
        cmocka_unit_test_setup_teardown(every_byte_is_read_back_by_a_parser, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
