/* SPDX-License-Identifier: MIT */
#include "http/head.h"

#include "support/cmocka.h"

struct field {
    const char *name;
    const char *value;
};

#define FIELDS_MAX 3

static struct head read_head(const char *method, const char *version, const char *raw,
                             const struct field fields[FIELDS_MAX])
{
    struct target target;
    struct head head;

    target_parse(text_of(raw), &target);
    head_init(&head, method, version, &target);
    for (size_t i = 0; i < FIELDS_MAX && fields[i].name; i++)
        head_add_field(&head, text_of(fields[i].name), text_of(fields[i].value));
    return head;
}

static void a_sound_head_is_taken(void **state)
{
    static const struct {
        const char *method;
        const char *version;
        struct field fields[FIELDS_MAX];
        int64_t content_length;
    } cases[] = {
        {"GET", "HTTP/1.1", {{"Host", "h"}}, 0},
        {"POST", "HTTP/1.1", {{"host", "h:80"}, {"CONTENT-LENGTH", "12"}}, 12},
        {"POST", "HTTP/1.1", {{"Host", "[::1]"}, {"Expect", "100-Continue"}}, 0},
        {"M-SEARCH", "HTTP/1.1", {{"Host", "h"}, {"Content-Length", "0012"}}, 12},
        {"GET", "HTTP/1.0", {{0}}, 0},
        {"POST", "HTTP/1.0", {{"Expect", "pizza"}, {"Content-Length", "3"}}, 3},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct head head = read_head(cases[i].method, cases[i].version, "/", cases[i].fields);

        assert_null(head.fault);
        assert_false(head.expects_unknown);
        assert_false(head_is_large(&head));
        assert_int_equal(head.content_length, cases[i].content_length);
    }
}

static void a_faulty_head_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        struct field fields[FIELDS_MAX];
        const char *fault;
    } cases[] = {
        {"", "/", {{"Host", "h"}}, "The method is not a token."},
        {"GE(T", "/", {{"Host", "h"}}, "The method is not a token."},
        {"G\x01T", "/", {{"Host", "h"}}, "The method is not a token."},
        {"G\xc3\xa4T", "/", {{"Host", "h"}}, "The method is not a token."},
        {"GET", "/", {{"Host", ""}}, "The Host field is no host."},
        {"GET", "/", {{"Host", "a b"}}, "The Host field is no host."},
        {"GET", "/", {{"X", "y"}, {"hOST", "u@h"}}, "The Host field is no host."},
        {"GET", "/", {{"Host", "h/x"}}, "The Host field is no host."},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct head head = read_head(cases[i].method, "HTTP/1.1", cases[i].target, cases[i].fields);

        assert_non_null(head.fault);
        assert_string_equal(head.fault, cases[i].fault);
    }
}

static void what_is_expected_besides_100_continue_is_unknown(void **state)
{
    static const struct field cases[][FIELDS_MAX] = {
        {{"Expect", "pizza"}},
        {{"expect", ""}},
        {{"Expect", "100-continue, pizza"}},
        {{"Expect", "100-continue"}, {"Expect", "pizza"}},
        {{"Expect", "pizza"}, {"Expect", "100-continue"}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_true(read_head("GET", "HTTP/1.1", "/", cases[i]).expects_unknown);
}

/* Such a request is refused as too large when its length is compared with the route's bound. */
static void a_length_that_cannot_be_told_is_the_largest(void **state)
{
    const struct field fields[FIELDS_MAX] = {{"Content-Length", "99999999999999999999"}};

    (void)state;
    assert_int_equal(read_head("POST", "HTTP/1.0", "/", fields).content_length, INT64_MAX);
}

static void many_small_fields_count_by_what_they_take(void **state)
{
    const struct field fields[FIELDS_MAX] = {{"Host", "h"}};
    struct head head = read_head("GET", "HTTP/1.1", "/", fields);
    int fields_taken = 0;

    (void)state;
    while (!head_is_large(&head)) {
        head_add_field(&head, TEXT("A"), TEXT("b"));
        fields_taken++;
    }
    assert_in_range(fields_taken, 150, 250);

    head = read_head("GET", "HTTP/1.1", "/", fields);
    head_add_field(&head, TEXT("A"), (struct text){"", 0});
    for (int i = 0; i < 150; i++)
        head_on_argument(&head, TEXT("a"), TEXT("b"));
    assert_false(head_is_large(&head));
}

static void a_hundred_cookies_are_not_too_many(void **state)
{
    const struct field fields[FIELDS_MAX] = {{"Host", "h"}};
    struct head head = read_head("GET", "HTTP/1.1", "/", fields);
    char cookies[100 * 8 + 1];
    size_t length = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        length += (size_t)snprintf(cookies + length, sizeof cookies - length, "c%02d=abc;", i);
    head_add_field(&head, TEXT("Cookie"), (struct text){cookies, length});

    assert_false(head_is_large(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_head_is_taken),
        cmocka_unit_test(a_faulty_head_is_refused_with_the_reason),
        cmocka_unit_test(what_is_expected_besides_100_continue_is_unknown),
        cmocka_unit_test(a_length_that_cannot_be_told_is_the_largest),
        cmocka_unit_test(many_small_fields_count_by_what_they_take),
        cmocka_unit_test(a_hundred_cookies_are_not_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
