/* SPDX-License-Identifier: MIT
 *
 * test_members_random.c compares the same reader with the document's. */
#include "base/members.h"

#include "odd_values.h"
#include "support/cmocka.h"

#define FIFTEEN                                                                                    \
    "\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10,"            \
    "\"k\":11,\"l\":12,\"m\":13,\"n\":14,\"o\":15"

static bool is_plain(struct text text)
{
    struct members members;

    return members_parse(&members, text);
}

static void the_usual_bodies_of_a_check_are_plain(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"user_id\":\"alice\",\"route_key\":\"/search\"}",
        "{\"route_key\": \"/search\", \"user_id\": \"alice\"}",
        "{\"user_id\": \"alice\", \"route_key\": \"/v1/a?b=c&d=%20\", \"role\": \"premium\"}",
        "{\"ip\":\"2001:db8::1\",\"route_key\":\"*\",\"cost\":0}",
        "{\"cost\":9007199254740991,\"route_key\":\"login\",\"ip\":\"192.0.2.1\"}",
        "{\"user_id\":\"a.b+c@example.org\",\"route_key\":\"/a\",\"role\":null,\"cost\":3,"
        "\"explain\":true,\"wait\":false}",
        "{\n  \"user_id\": \"2f1c7c0e-9d5b-4a52-8b7c-0f6d3f6c1f55\",\n"
        "  \"route_key\": \"GET /users/{id}\"\n}\n",
        "\t{\r\n\t\"user_id\" : \"alice\" ,\r\n\t\"route_key\" : \"/search\"\r\n}",
        "{}"};

    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        if (!is_plain(text_of(bodies[i])))
            fail_msg("not plain: %s", bodies[i]);
    }
}

static void members_are_read_where_they_lie(void **state)
{
    (void)state;
    struct text json =
        TEXT(" {\"id\":\"alice\", \"cost\" : -12,\"yes\":true,\"no\":false,\"x\":null} ");
    struct members members;

    assert_true(members_parse(&members, json));

    assert_int_equal(members.count, 5);
    assert_ptr_equal(members.at[0].name.at, json.at + 3);
    assert_int_equal(members.at[0].name.length, 2);
    assert_int_equal(members.at[0].value.kind, VALUE_TEXT);
    assert_ptr_equal(members.at[0].value.text.at, json.at + 8);
    assert_int_equal(members.at[0].value.text.length, 5);
    assert_int_equal(members.at[1].value.kind, VALUE_INTEGER);
    assert_true(members.at[1].value.integer == -12);
    assert_int_equal(members.at[2].value.kind, VALUE_BOOL);
    assert_true(members.at[2].value.truth);
    assert_int_equal(members.at[3].value.kind, VALUE_BOOL);
    assert_false(members.at[3].value.truth);
    assert_int_equal(members.at[4].value.kind, VALUE_NULL);
}

static void a_member_is_found_by_its_whole_name(void **state)
{
    (void)state;
    struct members members;

    assert_true(members_parse(&members, TEXT("{\"role\":1,\"roles\":2,\"\":3}")));

    assert_ptr_equal(members_find(&members, TEXT("role")), &members.at[0]);
    assert_ptr_equal(members_find(&members, TEXT("roles")), &members.at[1]);
    assert_ptr_equal(members_find(&members, TEXT("")), &members.at[2]);
    assert_null(members_find(&members, TEXT("rol")));
}

static void what_is_not_plain_is_left_to_the_document(void **state)
{
    (void)state;
    static const char *const bodies[] = {"",
                                         " ",
                                         "null",
                                         "[]",
                                         "7",
                                         "{",
                                         "{\"a\"}",
                                         "{\"a\":}",
                                         "{\"a\":1",
                                         "{\"a\":1,",
                                         "{\"a\":1,}",
                                         "{,}",
                                         "{} x",
                                         "{}{}",
                                         "{\"a\":1}}",
                                         "{a:1}",
                                         "{'a':1}",
                                         "{\"a\":1 \"b\":2}",
                                         "{\"a",
                                         "{\"a\":\"",
                                         "{\"a\" 1}",
                                         "{\"a\":-}",
                                         "{\"a\":1,\"a\":1}"};

    assert_false(is_plain(text_of(NULL)));
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++)
        assert_false(is_plain(text_of(bodies[i])));
    assert_false(is_plain(TEXT("{\"n\\u0061me\":1}")));
    assert_false(is_plain(TEXT("{\"n\xc3\xa4me\":1}")));
}

static void other_values_are_left_to_the_document(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(odd_values); i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"user_id\":%s}", odd_values[i]);
        if (is_plain(text_of(body)))
            fail_msg("plain: %s", body);
    }
}

static void a_nul_is_nowhere_plain(void **state)
{
    (void)state;
    static const char body[] = "{ \"a\" : \"b\" , \"c\" : 12 , \"d\" : true }";
    char with_nul[sizeof body];

    for (size_t at = 0; at < sizeof body; at++) {
        memcpy(with_nul, body, at);
        with_nul[at] = '\0';
        memcpy(with_nul + at + 1, body + at, sizeof body - 1 - at);
        assert_false(is_plain((struct text){with_nul, sizeof body}));
    }
    assert_true(is_plain(TEXT(body)));
}

static void sixteen_members_are_plain_and_seventeen_are_not(void **state)
{
    (void)state;
    assert_true(is_plain(TEXT("{" FIFTEEN ",\"p\":16}")));
    assert_false(is_plain(TEXT("{" FIFTEEN ",\"p\":16,\"q\":17}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_bodies_of_a_check_are_plain),
        cmocka_unit_test(members_are_read_where_they_lie),
        cmocka_unit_test(a_member_is_found_by_its_whole_name),
        cmocka_unit_test(what_is_not_plain_is_left_to_the_document),
        cmocka_unit_test(other_values_are_left_to_the_document),
        cmocka_unit_test(a_nul_is_nowhere_plain),
        cmocka_unit_test(sixteen_members_are_plain_and_seventeen_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
