/* SPDX-License-Identifier: MIT */
#include "api/batch_body.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/document.h"
#include "support/cmocka.h"
#include "support/random.h"

#define ROUNDS 500

static struct arena arena;
static struct batch_body body;
static size_t steps;

static int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static enum batch_body_status read_all(struct text text)
{
    enum batch_body_status status = BATCH_BODY_MORE;

    batch_body_init(&body, text);
    for (steps = 0; status == BATCH_BODY_MORE; steps++)
        status = batch_body_read(&body);
    return status;
}

/* `begin`, then so many checks with a name of `padding` bytes, then `end`. */
static struct text body_of(const char *begin, size_t checks, size_t padding, const char *end)
{
    struct buffer buffer;

    buffer_init(&buffer, &arena, 1024);
    buffer_add(&buffer, text_of(begin));
    for (size_t i = 0; i < checks; i++)
        buffer_printf(&buffer, "%s{\"user_id\":\"%0*zu\",\"a\":[1.0,\"]},\\\"\"]}",
                      i > 0 ? " , " : "", (int)padding, i);
    buffer_add(&buffer, text_of(end));
    return buffer_text(&buffer);
}

static void expect_whole(struct text text)
{
    struct error error;
    json_t *whole = document_parse(text, &error);

    assert_non_null(whole);
    assert_int_equal(read_all(text), BATCH_BODY_READ);
    assert_true(json_equal(body.tree, whole));
    json_decref(whole);
    batch_body_close(&body);
}

static void expect_wrong(struct text text, enum problem problem, const char *message)
{
    assert_int_equal(read_all(text), BATCH_BODY_WRONG);
    assert_int_equal(body.problem, problem);
    assert_string_equal(body.error.message, message);
    batch_body_close(&body);
}

static void a_small_body_is_read_in_one_step_whatever_it_is(void **state)
{
    (void)state;
    expect_whole(body_of("{\"checks\":[", 100, 10, "]}"));
    assert_int_equal(steps, 1);
    expect_whole(TEXT("{\"x\":[1,2],\"checks\":7}"));
    expect_wrong(TEXT("{\"checks\":[1,]}"), PROBLEM_BAD_JSON,
                 "line 1, column 14: unexpected token near ']'");
    expect_wrong(TEXT(""), PROBLEM_BAD_JSON, "expected a JSON value, got nothing");
}

static void a_large_body_is_read_in_steps_to_the_same_document(void **state)
{
    (void)state;
    expect_whole(body_of("{\"checks\":[", 1000, 900, "]}"));
    assert_in_range(steps, 100, 1000);
    expect_whole(body_of(" { \"checks\"\n:\t[ ", 70, 10000, " ] } \r\n"));
    expect_whole(body_of("{\"checks\":[null,[],7,\"\",", 70, 1000, ",true]}"));
}

static void blanks_between_checks_are_not_of_them(void **state)
{
    struct buffer buffer;
    (void)state;

    buffer_init(&buffer, &arena, 1024);
    for (size_t i = 0; i < 2 * BATCH_BODY_BYTES_WHOLE; i++)
        buffer_add(&buffer, TEXT(" "));
    const char *blanks = text_copy(&arena, buffer_text(&buffer)).at;

    buffer_init(&buffer, &arena, 1024);
    buffer_printf(&buffer, "{\"checks\":[%s7%s,%s{}%s]}", blanks, blanks, blanks, blanks);
    expect_whole(buffer_text(&buffer));
    buffer_init(&buffer, &arena, 1024);
    buffer_printf(&buffer, "{\"checks\":[7%s8]}", blanks);
    expect_wrong(buffer_text(&buffer), PROBLEM_TOO_LARGE,
                 "/checks/0: may have at most 16384 bytes");
}

static void what_is_wrong_in_a_large_body_is_told_with_its_check(void **state)
{
    static const struct {
        const char *begin;
        const char *end;
        const char *message;
    } cases[] = {
        {"{\"checks\":[", ",]}", "/checks/70: expected a JSON value, got nothing"},
        {"{\"checks\":[,", "]}", "/checks/0: expected a JSON value, got nothing"},
        {"{\"checks\":[{\"a\":1,\"a\":2},", "]}",
         "/checks/0: line 1, column 10: duplicate object key near '\"a\"'"},
        {"{\"checks\":[", ",{\"a\":}]}", "/checks/70: line 1, column 6: unexpected token near '}'"},
        {"{\"checks\":[", ",{\"a\":1", "/checks/70: has no end"},
        {"{\"checks\":[", "", "/checks/69: has no end"},
        {"{\"checks\":[", "}", "/checks/70: is not followed by ]} or another"},
        {"{\"checks\":[", "]", "/checks/70: is not followed by ]} or another"},
        {"{\"checks\":[", "],\"b\":1}", "/checks/70: is not followed by ]} or another"},
        {"{\"checks\":[", "]} 7", "/checks/70: is followed by more than ]}"},
        {"{\"b\":1,\"checks\":[", "]}",
         "a body of more than 65536 bytes does not begin with {\"checks\":["},
        {"[", "]", "a body of more than 65536 bytes does not begin with {\"checks\":["},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect_wrong(body_of(cases[i].begin, 70, 1000, cases[i].end), PROBLEM_BAD_JSON,
                     cases[i].message);
}

static void a_check_takes_no_more_room_than_one_of_its_own(void **state)
{
    (void)state;
    expect_whole(body_of("{\"checks\":[", 10, BATCH_BODY_CHECK_BYTES - 64, "]}"));
    expect_wrong(body_of("{\"checks\":[7,", 10, BATCH_BODY_CHECK_BYTES, "]}"), PROBLEM_TOO_LARGE,
                 "/checks/1: may have at most 16384 bytes");
}

static void a_large_body_has_no_more_values_than_any_document(void **state)
{
    struct buffer buffer;
    (void)state;

    buffer_init(&buffer, &arena, 1024);
    buffer_add(&buffer, TEXT("{\"checks\":["));
    for (int i = 0; i < 900; i++)
        buffer_add(&buffer, TEXT("[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0],"));
    buffer_add(&buffer, body_of("", 20, 1000, "]}"));

    expect_wrong(buffer_text(&buffer), PROBLEM_BAD_JSON, "/checks/833: too many values");
}

static void a_body_with_too_many_checks_is_read_up_to_the_first_beyond(void **state)
{
    (void)state;
    assert_int_equal(read_all(body_of("{\"checks\":[", 2000, 100, "]}")), BATCH_BODY_READ);
    assert_int_equal(json_array_size(json_object_get(body.tree, "checks")),
                     BATCH_BODY_CHECKS_MAX + 1);
    batch_body_close(&body);
}

/* One byte is changed in any way: then the parts are JSON only if the whole is. */
static void a_damaged_body_is_taken_only_as_what_it_is(void **state)
{
    static const char bytes[] = "{}[],:\"\\ 1e.-x\0\n\xff";
    const struct text sound = body_of("{\"checks\":[", 70, 1000, "]}");
    char *damaged = arena_allocate(&arena, sound.length);

    (void)state;
    random_begin(random_seed());
    for (int round = 0; round < ROUNDS; round++) {
        const size_t check = (size_t)random_below(70) * (sound.length / 70);
        const size_t at = check + (size_t)random_below(200) - (check > 200 ? 100 : 0);
        struct error error;

        memcpy(damaged, sound.at, sound.length);
        damaged[at % sound.length] = bytes[random_below(sizeof bytes - 1)];
        const struct text text = {damaged, sound.length};
        json_t *whole = document_parse(text, &error);

        if (read_all(text) == BATCH_BODY_READ) {
            assert_non_null(whole);
            assert_true(json_equal(body.tree, whole));
        } else if (whole != NULL) {
            assert_true(json_array_size(json_object_get(whole, "checks")) == 0 ||
                        json_object_size(whole) != 1);
        }
        json_decref(whole);
        batch_body_close(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_body_is_read_in_one_step_whatever_it_is),
        cmocka_unit_test(a_large_body_is_read_in_steps_to_the_same_document),
        cmocka_unit_test(blanks_between_checks_are_not_of_them),
        cmocka_unit_test(what_is_wrong_in_a_large_body_is_told_with_its_check),
        cmocka_unit_test(a_check_takes_no_more_room_than_one_of_its_own),
        cmocka_unit_test(a_large_body_has_no_more_values_than_any_document),
        cmocka_unit_test(a_body_with_too_many_checks_is_read_up_to_the_first_beyond),
        cmocka_unit_test(a_damaged_body_is_taken_only_as_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, close_arena);
}
