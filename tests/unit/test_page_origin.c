/* SPDX-License-Identifier: MIT */
#include "auth/page_origin.h"

#include "support/cmocka.h"

struct request_of {
    const char *sec_fetch_site;
    const char *origin;
    const char *host;
    bool ours;
};

static void expect(const char *hosts, const struct request_of *cases, size_t count)
{
    struct host_list list;
    struct error error = {0};

    assert_true(host_list_parse(text_of(hosts), &list, &error));
    for (size_t i = 0; i < count; i++) {
        const struct page_origin page = {
            .sec_fetch_site = text_of(cases[i].sec_fetch_site),
            .origin = text_of(cases[i].origin),
            .host = text_of(cases[i].host),
        };

        if (page_origin_is_ours(&page, &list) != cases[i].ours) {
            fail_msg("hosts \"%s\", case %zu: Sec-Fetch-Site %s, Origin %s, Host %s", hosts, i,
                     cases[i].sec_fetch_site, cases[i].origin, cases[i].host);
        }
    }
}

static void who_is_no_browser_is_not_asked(void **state)
{
    static const struct request_of cases[] = {
        {NULL, NULL, "localhost:8080", true},
        {NULL, NULL, "whatever", true},
        {NULL, NULL, "", true},
        {NULL, NULL, NULL, true},
    };

    (void)state;
    expect("", cases, ARRAY_COUNT(cases));
    expect("limits.example.org", cases, ARRAY_COUNT(cases));
}

static void sec_fetch_site_decides_where_it_is_there(void **state)
{
    static const struct request_of cases[] = {
        {"same-origin", NULL, "localhost:8080", true},
        {"same-origin", "https://limits.example.org", "10.0.0.1:8080", true},
        {"none", NULL, "localhost:8080", true},
        {" none\t", NULL, "localhost:8080", true},
        {"same-site", NULL, "localhost:8080", false},
        {"same-site", "http://localhost:8080", "localhost:8080", false},
        {"cross-site", NULL, "localhost:8080", false},
        {"cross-site", "http://localhost:8080", "localhost:8080", false},
        {"", "http://localhost:8080", "localhost:8080", false},
        {"Same-Origin", NULL, "localhost:8080", false},
        {"NONE", NULL, "localhost:8080", false},
        {"same-origin;x=1", NULL, "localhost:8080", false},
        {"\"none\"", NULL, "localhost:8080", false},
        {"same-origin, same-origin", NULL, "localhost:8080", false},
        {"none, cross-site", NULL, "localhost:8080", false},
        {"trusted", NULL, "localhost:8080", false},
    };

    (void)state;
    expect("", cases, ARRAY_COUNT(cases));
}

static void otherwise_origin_must_name_the_host_that_is_asked(void **state)
{
    static const struct request_of cases[] = {
        {NULL, "http://localhost:8080", "localhost:8080", true},
        {NULL, "http://127.0.0.1:8080", "127.0.0.1:8080", true},
        {NULL, "http://[::1]:8080", "[::1]:8080", true},
        {NULL, "HTTP://LOCALHOST:8080", "localhost:8080", true},
        {NULL, "http://h", "h", true},
        {NULL, "http://h", "h:80", true},
        {NULL, "https://h", "h", true},
        {NULL, "https://h", "h:443", true},
        {NULL, "https://h:443", "h", true},
        {NULL, "https://h:8443", "h:8443", true},
        {NULL, "http://h", "h:443", false},
        {NULL, "https://h", "h:80", false},
        {NULL, "http://h:8080", "h", false},
        {NULL, "http://h", "h:8080", false},
        {NULL, "http://localhost:3000", "localhost:8080", false},
        {NULL, "http://localhost:8080", "127.0.0.1:8080", false},
        {NULL, "http://evil.com", "localhost:8080", false},
        {NULL, "http://127.0.0.1:8080.evil.com", "127.0.0.1:8080", false},
        {NULL, "http://127.0.0.1.evil.com:8080", "127.0.0.1:8080", false},
        {NULL, "http://evil.com:8080", "127.0.0.1:8080", false},
        {NULL, "http://localhost:8080@evil.com", "localhost:8080", false},
        {NULL, "http://evil.com@localhost:8080", "localhost:8080", false},
        {NULL, "http://localhost:8080/", "localhost:8080", false},
        {NULL, "http://localhost:8080#", "localhost:8080", false},
        {NULL, "http://[::1]:8080", "[::2]:8080", false},
        {NULL, "http://[::1]", "[::1]:8080", false},
        {NULL, "http://::1:8080", "::1:8080", false},
        {NULL, "ftp://h", "h", false},
        {NULL, "chrome-extension://h", "h", false},
        {NULL, "//h", "h", false},
        {NULL, "h", "h", false},
        {NULL, "http:/h", "h", false},
        {NULL, "http://", "", false},
        {NULL, "http://", NULL, false},
        {NULL, "http", "h", false},
        {NULL, "null", "h", false},
        {NULL, "null", "null", false},
        {NULL, "", "", false},
        {NULL, "", "h", false},
        {NULL, "*", "h", false},
        {NULL, "http://h, http://h", "h", false},
        {NULL, "http://h http://h", "h", false},
        {NULL, "http://h", "h, h", false},
        {NULL, "http://h", NULL, false},
        {NULL, "http://h:65536", "h:65536", false},
    };

    (void)state;
    expect("", cases, ARRAY_COUNT(cases));
}

static void hosts_that_are_listed_are_ours_and_no_others(void **state)
{
    static const struct request_of cases[] = {
        {NULL, "https://limits.example.org", "limits.example.org", true},
        {NULL, "https://limits.example.org", "10.0.0.1:8080", true}, /* a proxy has changed Host */
        {NULL, "https://LIMITS.example.org:443", "10.0.0.1:8080", true},
        {"same-origin", "https://limits.example.org", "10.0.0.1:8080", true},
        {"same-origin", NULL, "limits.example.org:443", true},
        {"cross-site", "https://limits.example.org", "10.0.0.1:8080", false},
        {NULL, "http://limits.example.org:8080", "10.0.0.1:8080", false},
        {NULL, "https://other.example.org", "limits.example.org", false},
        {NULL, "null", "limits.example.org", false},
        /* Somebody else's names that lead here. */
        {NULL, "http://evil.com:8080", "evil.com:8080", false},
        {"same-origin", "http://evil.com:8080", "evil.com:8080", false},
        {"none", NULL, "evil.com:8080", false},
        {"same-origin", "https://limits.example.org", "evil.com", false},
        {NULL, "https://limits.example.org", "evil.com", false},
        {"same-origin", NULL, "limits.example.org.evil.com", false},
        {"same-origin", NULL, "limits.example.org, evil.com", false},
        {"same-origin", NULL, "", false},
        {"same-origin", NULL, NULL, false},
    };

    (void)state;
    expect("limits.example.org, 10.0.0.1:8080", cases, ARRAY_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_no_browser_is_not_asked),
        cmocka_unit_test(sec_fetch_site_decides_where_it_is_there),
        cmocka_unit_test(otherwise_origin_must_name_the_host_that_is_asked),
        cmocka_unit_test(hosts_that_are_listed_are_ours_and_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
