/* SPDX-License-Identifier: MIT */
#include "base/host.h"

#include "support/cmocka.h"

static void a_host_has_a_name_and_may_have_a_port(void **state)
{
    static const struct {
        const char *text;
        const char *name;
        int port;
    } cases[] = {
        {"limits.example.org", "limits.example.org", 0},
        {"localhost:8080", "localhost", 8080},
        {"LOCALHOST:1", "LOCALHOST", 1},
        {"my_host-2:65535", "my_host-2", 65535},
        {"127.0.0.1:8080", "127.0.0.1", 8080},
        {"[::1]", "[::1]", 0},
        {"[2001:db8::1]:8443", "[2001:db8::1]", 8443},
        {"[::ffff:192.0.2.1]:80", "[::ffff:192.0.2.1]", 80},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct host host;

        assert_true(host_parse(text_of(cases[i].text), &host));
        assert_true(text_equal(host.name, text_of(cases[i].name)));
        assert_int_equal(host.port, cases[i].port);
    }
}

static void what_is_no_host_is_refused(void **state)
{
    static const char *const texts[] = {
        NULL,
        "",
        " ",
        ":",
        ":8080",
        "h:",
        "h:0",
        "h:-1",
        "h:65536",
        "h:80:80",
        "h:8o",
        "h :80",
        "h: 80",
        "h 80",
        "user@h",
        "h/",
        "h/path",
        "h?q",
        "h#f",
        "h,h",
        "http://h",
        "h%2e",
        "h\\",
        "*",
        "k\xc3\xb6ln",
        "::1",
        "::1:8080",
        "[",
        "[]",
        "[]:80",
        "[::1",
        "[::1]80",
        "[::1]:",
        "[::1]x:80",
        "[::1]]:80",
        "[[::1]]",
        "[::1%lo]",
        "[h]",
        "[::g]",
        "[127.0.0.1]",
        "[::1]:80:80",
        "x[::1]",
        "[:::1]:80",
        "h:080 ",
        "h:+80",
        "h:0x50",
        "[1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222]",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct host host = {.name = TEXT("left"), .port = 1};

        if (host_parse(text_of(texts[i]), &host))
            fail_msg("\"%s\" was accepted as a host", texts[i]);
        assert_int_equal(host.name.length, 0);
        assert_int_equal(host.port, 0);
    }
}

static void hosts_are_equal_by_name_and_port(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool equal;
    } cases[] = {
        {"h", "h", true},           {"h", "H", true},
        {"h:8080", "h:8080", true}, {"h", "h:80", true},
        {"h", "h:443", true},       {"[::1]:80", "[::1]", true},
        {"h:80", "h:443", false},   {"h", "h:8080", false},
        {"h:8080", "h:80", false},  {"h", "h.", false},
        {"h", "hh", false},         {"127.0.0.1:8080", "127.0.0.1.evil.com:8080", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct host a;
        struct host b;

        assert_true(host_parse(text_of(cases[i].a), &a));
        assert_true(host_parse(text_of(cases[i].b), &b));
        assert_int_equal(host_equal(&a, &b), cases[i].equal);
        assert_int_equal(host_equal(&b, &a), cases[i].equal);
    }
}

static void no_host_equals_nothing(void **state)
{
    struct host none = {0};

    (void)state;
    assert_false(host_equal(&none, &none));
}

static void a_list_has_its_members_only(void **state)
{
    static const struct {
        const char *list;
        const char *host;
        bool has;
    } cases[] = {
        {"", "h", false},
        {" ", "h", false},
        {"h", "h", true},
        {" a , h:8080 ,[::1]:8080", "h:8080", true},
        {" a , h:8080 ,[::1]:8080", "A:443", true},
        {" a , h:8080 ,[::1]:8080", "[::1]:8080", true},
        {" a , h:8080 ,[::1]:8080", "h", false},
        {" a , h:8080 ,[::1]:8080", "[::1]", false},
        {" a , h:8080 ,[::1]:8080", "evil", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct host_list list;
        struct host host;
        struct error error = {0};

        assert_true(host_list_parse(text_of(cases[i].list), &list, &error));
        assert_true(host_parse(text_of(cases[i].host), &host));
        assert_int_equal(host_list_has(&list, &host), cases[i].has);
        assert_int_equal(host_list_is_empty(&list), text_trim(text_of(cases[i].list)).length == 0);
    }
}

static void a_list_with_a_member_that_is_no_host_is_refused(void **state)
{
    static const char *const lists[][2] = {
        {"a,", "\"\" is no host such as limits.example.org or [::1]:8080"},
        {"a,,b", "\"\" is no host such as limits.example.org or [::1]:8080"},
        {"a, http://b", "\"http://b\" is no host such as limits.example.org or [::1]:8080"},
        {"*.example.org", "\"*.example.org\" is no host such as limits.example.org or [::1]:8080"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        struct host_list list;
        struct error error = {0};

        assert_false(host_list_parse(text_of(lists[i][0]), &list, &error));
        assert_string_equal(error.message, lists[i][1]);
    }
}

static void a_list_is_bounded(void **state)
{
    char text[HOST_LIST_BYTES_MAX + 2];
    struct host_list list;
    struct error error = {0};

    (void)state;
    memset(text, 'h', sizeof text);
    text[HOST_LIST_BYTES_MAX] = '\0';
    assert_true(host_list_parse(text_of(text), &list, &error));
    text[HOST_LIST_BYTES_MAX] = 'h';
    text[HOST_LIST_BYTES_MAX + 1] = '\0';
    assert_false(host_list_parse(text_of(text), &list, &error));
    assert_string_equal(error.message, "more than 1023 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_has_a_name_and_may_have_a_port),
        cmocka_unit_test(what_is_no_host_is_refused),
        cmocka_unit_test(hosts_are_equal_by_name_and_port),
        cmocka_unit_test(no_host_equals_nothing),
        cmocka_unit_test(a_list_has_its_members_only),
        cmocka_unit_test(a_list_with_a_member_that_is_no_host_is_refused),
        cmocka_unit_test(a_list_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
