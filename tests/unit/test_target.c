/* SPDX-License-Identifier: MIT */
#include "http/target.h"

#include "support/cmocka.h"

static void a_path_may_stand_alone_or_behind_scheme_and_host(void **state)
{
    static const struct {
        const char *raw;
        const char *host; /* NULL: absent */
        const char *rest; /* the path and what follows */
        bool has_query;
    } cases[] = {
        {"/", NULL, "/", false},
        {"/check", NULL, "/check", false},
        {"//check", NULL, "//check", false},
        {"/policy?a=b", NULL, "/policy?a=b", true},
        {"/policy?", NULL, "/policy?", true},
        {"/?http://h/", NULL, "/?http://h/", true},
        {"/a%20b?c=%00", NULL, "/a%20b?c=%00", true},
        {"*", NULL, "*", false},
        {"http://h/check", "h", "/check", false},
        {"HTTP://h:80/check?a", "h:80", "/check?a", true},
        {"https://[::1]:443/", "[::1]:443", "/", false},
        {"http://h", "h", "", false},
        {"http://h?a=/b", "h", "?a=/b", true},
        {"http://h//b", "h", "//b", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct target target;

        target_parse(text_of(cases[i].raw), &target);

        if (target.fault)
            fail_msg("%s: %s", cases[i].raw, target.fault);
        assert_true(text_equal(target.host, text_of(cases[i].host)));
        assert_int_equal(text_is_absent(target.host), cases[i].host == NULL);
        assert_string_equal(cases[i].raw + target.path_at, cases[i].rest);
        assert_int_equal(target.has_query, cases[i].has_query);
        assert_int_equal(target.bytes, strlen(cases[i].raw));
    }
}

static void what_is_no_target_of_an_origin_server_is_refused(void **state)
{
    static const struct {
        const char *raw;
        const char *fault;
    } cases[] = {
        {"", "The request target is neither a path nor an http URL."},
        {"check", "The request target is neither a path nor an http URL."},
        {"?a=b", "The request target is neither a path nor an http URL."},
        {"**", "The request target is neither a path nor an http URL."},
        {"h:80", "The request target is neither a path nor an http URL."},
        {"ftp://h/", "The request target is neither a path nor an http URL."},
        {"http:/h/", "The request target is neither a path nor an http URL."},
        {"http:///check", "The request target names no host that is one."},
        {"http://", "The request target names no host that is one."},
        {"http://?", "The request target names no host that is one."},
        {"http://u@h/", "The request target names no host that is one."},
        {"http://h%2fx/check", "The request target names no host that is one."},
        {"http://h:80:80/", "The request target names no host that is one."},
        {"/\x01", "The request target has a control byte."},
        {"/a\tb", "The request target has a control byte."},
        {"/a?\x7f", "The request target has a control byte."},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct target target;

        target_parse(text_of(cases[i].raw), &target);

        if (!target.fault)
            fail_msg("\"%s\" was accepted as a target", cases[i].raw);
        assert_string_equal(target.fault, cases[i].fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_may_stand_alone_or_behind_scheme_and_host),
        cmocka_unit_test(what_is_no_target_of_an_origin_server_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
