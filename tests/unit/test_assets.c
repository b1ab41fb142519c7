/* SPDX-License-Identifier: MIT
 *
 * Embedded files in answers to requests. No network is used. */
#include "http/assets.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fake_transport.h"

#define BODY(literal, etag)                                                                        \
    {                                                                                              \
        {literal, sizeof(literal) - 1}, etag                                                       \
    }

static const struct asset table[] = {
    {
        .path = "/page",
        .content_type = "text/html; charset=utf-8",
        .bodies = {BODY("<p>plain", "\"p1\""), BODY("<p>small", "\"p2\"")},
    },
    {
        .path = "/page/script.js",
        .content_type = "text/javascript; charset=utf-8",
        .bodies = {BODY("plain()", "\"s1\""), BODY("small()", "\"s2\"")},
    },
    {
        .path = "/document",
        .content_type = "application/json",
        .bodies = {BODY("{\"plain\":1}", "\"d1\""), BODY("{\"small\":1}", "\"d2\"")},
    },
    {
        .path = "/page/large.css",
        .content_type = "text/css; charset=utf-8",
        .bodies = {[ASSET_GZIP] = BODY("small{}", "\"l2\"")},
    },
    {
        .path = "/styled",
        .content_type = "text/html; charset=utf-8",
        .styles_inline = true,
        .bodies = {BODY("<p>plain", "\"y1\""), BODY("<p>small", "\"y2\"")},
    },
    {.path = NULL},
};

static struct fake_exchange exchange;

static const struct response *get(const char *path, const char *accept_encoding,
                                  const char *if_none_match)
{
    const struct asset *asset = assets_find(table, path);
    struct fake_pair headers[3] = {{0}};
    size_t count = 0;

    assert_non_null(asset);
    if (accept_encoding)
        headers[count++] = (struct fake_pair){"accept-encoding", accept_encoding};
    if (if_none_match)
        headers[count++] = (struct fake_pair){"if-none-match", if_none_match};
    fake_begin(&exchange, headers, NULL);
    assets_answer(&exchange.request, asset);
    assert_int_equal(exchange.request.phase, REQUEST_ANSWERED);
    return &exchange.request.response;
}

static int forget_request(void **state)
{
    (void)state;
    request_close(&exchange.request);
    return 0;
}

static const char *field(const struct response *response, const char *name)
{
    for (size_t i = 0; i < response->field_count; i++)
        if (strcmp(response->fields[i].name, name) == 0)
            return response->fields[i].value;
    return NULL;
}

static void assert_body(const struct response *response, const char *content)
{
    assert_true(text_equal(response->body, text_of(content)));
}

/* The asset has both encodings. */
static void assert_chosen(const char *accept_encoding, enum asset_encoding encoding)
{
    assert_ptr_equal(assets_choose(&table[0], text_of(accept_encoding)),
                     &table[0].bodies[encoding]);
}

static void find_takes_exact_paths_only(void **state)
{
    (void)state;

    assert_ptr_equal(assets_find(table, "/page"), &table[0]);
    assert_ptr_equal(assets_find(table, "/page/script.js"), &table[1]);
    assert_null(assets_find(table, "/page/"));
    assert_null(assets_find(table, "/pag"));
    assert_null(assets_find(table, ""));
}

static void choose_sends_gzip_only_to_who_asks_for_it(void **state)
{
    static const struct {
        const char *accept_encoding;
        enum asset_encoding chosen;
    } cases[] = {
        {NULL, ASSET_IDENTITY},
        {"", ASSET_IDENTITY},
        {"br", ASSET_IDENTITY},
        {"gzipped", ASSET_IDENTITY},
        {"gzip", ASSET_GZIP},
        {"GZip", ASSET_GZIP},
        {"gzip, deflate, br, zstd", ASSET_GZIP},
        {"br;q=1.0,gzip;q=0.8,*;q=0.1", ASSET_GZIP},
        {" deflate , gzip ", ASSET_GZIP},
        {"*", ASSET_GZIP},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_chosen(cases[i].accept_encoding, cases[i].chosen);
}

static void choose_follows_the_weights(void **state)
{
    static const struct {
        const char *accept_encoding;
        enum asset_encoding chosen;
    } cases[] = {
        {"gzip;q=0", ASSET_IDENTITY},
        {"gzip;q=0.000", ASSET_IDENTITY},
        {"gzip;q=0.001", ASSET_GZIP},
        {"gzip; q=1", ASSET_GZIP},
        {"gzip ; Q=1.000", ASSET_GZIP},
        {"gzip;q=0, *", ASSET_IDENTITY},
        {"*;q=0", ASSET_IDENTITY},
        {"gzip;q=0.5, identity", ASSET_IDENTITY},
        {"gzip;q=0.5, identity;q=0.4", ASSET_GZIP},
        {"gzip;q=0.55, identity;q=0.6", ASSET_IDENTITY},
        {"gzip, identity", ASSET_GZIP},
        {"identity;q=0, *;q=0.5", ASSET_GZIP},
        {"identity;q=0", ASSET_IDENTITY},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_chosen(cases[i].accept_encoding, cases[i].chosen);
}

static void choose_does_not_grant_what_it_cannot_read(void **state)
{
    static const char *const malformed[] = {
        "gzip;q=2",     "gzip;q=1.001", "gzip;q=-1", "gzip;q=0.5555", "gzip;q=",
        "gzip;level=9", "gzip;",        "gzip;q",    ";q=1",          ",,,",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++)
        assert_chosen(malformed[i], ASSET_IDENTITY);
}

static void choose_has_gzip_alone_for_a_large_file(void **state)
{
    static const struct {
        const char *accept_encoding;
        bool acceptable;
    } cases[] = {
        {NULL, true},
        {"gzip", true},
        {"*", true},
        {"identity, gzip;q=0.001", true},
        {"br, *;q=0.1", true},
        {"", false},
        {"identity", false},
        {"br, deflate", false},
        {"gzip;q=0", false},
        {"gzip;q=0, *", false},
        {"gzip;q=high", false},
        {"*;q=0", false},
    };
    const struct asset *large = assets_find(table, "/page/large.css");

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_ptr_equal(assets_choose(large, text_of(cases[i].accept_encoding)),
                         cases[i].acceptable ? &large->bodies[ASSET_GZIP] : NULL);
}

static void match_finds_the_tag_wherever_it_stands(void **state)
{
    static const char *const naming[] = {
        "\"abc\"",           "W/\"abc\"", "  \"abc\"  ", "\"x\", \"abc\"", "\"x\",W/\"abc\",\"y\"",
        "\"x,\", , \"abc\"", "*",         " * ",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(naming); i++)
        assert_true(assets_match(text_of(naming[i]), "\"abc\""));
}

static void match_takes_nothing_for_the_tag_that_is_not(void **state)
{
    static const char *const other[] = {
        NULL,
        "",
        "\"\"",
        "\"ab\"",
        "\"abcd\"",
        "\"ABC\"",
        "abc",
        "\"abc",
        "abc\"",
        "w/\"abc\"",
        "W/",
        "W/abc",
        "\"x,\"abc\"",
        "\"",
        ",",
        "*, \"x\"",
        "\"x\" abc \"abc\"",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(other); i++)
        assert_false(assets_match(text_of(other[i]), "\"abc\""));
}

static void answer_is_the_file_as_it_is(void **state)
{
    const struct response *response = get("/page/script.js", NULL, NULL);

    (void)state;
    assert_int_equal(response->status, 200);
    assert_string_equal(response->content_type, "text/javascript; charset=utf-8");
    assert_body(response, "plain()");
    assert_string_equal(field(response, "ETag"), "\"s1\"");
    assert_string_equal(field(response, "Vary"), "Accept-Encoding");
    assert_string_equal(field(response, "X-Content-Type-Options"), "nosniff");
    assert_null(field(response, "Content-Encoding"));
}

static void answer_in_gzip_has_a_tag_of_its_own(void **state)
{
    const struct response *response = get("/page/script.js", "gzip", NULL);

    (void)state;
    assert_int_equal(response->status, 200);
    assert_body(response, "small()");
    assert_string_equal(field(response, "ETag"), "\"s2\"");
    assert_string_equal(field(response, "Vary"), "Accept-Encoding");
    assert_string_equal(field(response, "Content-Encoding"), "gzip");
}

static void answer_to_a_tag_that_is_current_is_not_modified(void **state)
{
    const struct response *response = get("/page", "gzip", "W/\"p0\", W/\"p2\"");

    (void)state;
    assert_int_equal(response->status, 304);
    assert_null(response->content_type);
    assert_body(response, "<p>small"); /* the answer needs its length */
    assert_string_equal(field(response, "ETag"), "\"p2\"");
    assert_string_equal(field(response, "Vary"), "Accept-Encoding");
    assert_string_equal(field(response, "Cache-Control"), "no-cache");
    assert_null(field(response, "Content-Encoding"));
}

static void answer_to_the_tag_of_another_encoding_is_the_file(void **state)
{
    const struct response *response = get("/page", NULL, "\"p2\"");

    (void)state;
    assert_int_equal(response->status, 200);
    assert_body(response, "<p>plain");
}

static void answer_to_who_does_not_take_gzip_is_not_acceptable(void **state)
{
    const struct response *response = get("/page/large.css", "identity", "\"l2\"");

    (void)state;
    assert_int_equal(response->status, 406);
    assert_string_equal(response->content_type, "application/problem+json");
    assert_string_equal(field(response, "Vary"), "Accept-Encoding");
    assert_null(field(response, "Content-Encoding"));
    assert_null(field(response, "Cache-Control")); /* the file's would let caches keep the answer */
}

static void all_but_large_files_are_asked_for_again_each_time(void **state)
{
    static const char *const asked[] = {"/page", "/document", "/page/script.js"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
        assert_string_equal(field(get(asked[i], NULL, NULL), "Cache-Control"), "no-cache");
        request_close(&exchange.request);
    }
    assert_string_equal(field(get("/page/large.css", NULL, NULL), "Cache-Control"),
                        "public, max-age=3600");
}

static void only_pages_carry_a_content_security_policy(void **state)
{
    const char *policy = field(get("/page", NULL, NULL), "Content-Security-Policy");

    (void)state;
    assert_non_null(policy);
    assert_non_null(strstr(policy, "default-src 'none'"));
    assert_non_null(strstr(policy, "script-src 'self';"));
    assert_non_null(strstr(policy, "style-src 'self';"));
    assert_non_null(strstr(policy, "frame-ancestors 'none'"));
    request_close(&exchange.request);
    assert_null(field(get("/document", NULL, NULL), "Content-Security-Policy"));
}

static void only_a_page_that_needs_it_may_have_inline_styles_and_none_inline_scripts(void **state)
{
    const char *policy = field(get("/styled", NULL, NULL), "Content-Security-Policy");

    (void)state;
    assert_non_null(strstr(policy, "style-src 'self' 'unsafe-inline';"));
    assert_non_null(strstr(policy, "script-src 'self';"));
}

static void other_sites_can_neither_load_a_file_nor_hold_the_window_of_a_page(void **state)
{
    static const char *const of_pages[][2] = {
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Referrer-Policy", "no-referrer"},
    };

    (void)state;
    for (size_t i = 0; table[i].path; i++) {
        const struct response *response = get(table[i].path, "gzip", NULL);
        bool is_page = strstr(table[i].content_type, "text/html") != NULL;

        assert_string_equal(field(response, "Cross-Origin-Resource-Policy"), "same-origin");
        for (size_t j = 0; j < ARRAY_COUNT(of_pages); j++) {
            const char *value = field(response, of_pages[j][0]);

            assert_int_equal(value != NULL, is_page);
            if (value)
                assert_string_equal(value, of_pages[j][1]);
        }
        request_close(&exchange.request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_takes_exact_paths_only),
        cmocka_unit_test(choose_sends_gzip_only_to_who_asks_for_it),
        cmocka_unit_test(choose_follows_the_weights),
        cmocka_unit_test(choose_does_not_grant_what_it_cannot_read),
        cmocka_unit_test(choose_has_gzip_alone_for_a_large_file),
        cmocka_unit_test(match_finds_the_tag_wherever_it_stands),
        cmocka_unit_test(match_takes_nothing_for_the_tag_that_is_not),
        cmocka_unit_test_teardown(answer_is_the_file_as_it_is, forget_request),
        cmocka_unit_test_teardown(answer_in_gzip_has_a_tag_of_its_own, forget_request),
        cmocka_unit_test_teardown(answer_to_a_tag_that_is_current_is_not_modified, forget_request),
        cmocka_unit_test_teardown(answer_to_the_tag_of_another_encoding_is_the_file,
                                  forget_request),
        cmocka_unit_test_teardown(answer_to_who_does_not_take_gzip_is_not_acceptable,
                                  forget_request),
        cmocka_unit_test_teardown(all_but_large_files_are_asked_for_again_each_time,
                                  forget_request),
        cmocka_unit_test_teardown(only_pages_carry_a_content_security_policy, forget_request),
        cmocka_unit_test_teardown(
            only_a_page_that_needs_it_may_have_inline_styles_and_none_inline_scripts,
            forget_request),
        cmocka_unit_test(other_sites_can_neither_load_a_file_nor_hold_the_window_of_a_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
