/* SPDX-License-Identifier: MIT
 *
 * What needs no key: the documentation, the contract as OpenAPI, liveness and readiness. Also what
 * is true of every path: HEAD, OPTIONS and unknown paths. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

#define ASSETS_MAX 64
#define PATH_BYTES 256

static size_t collect_assets(const char *html, char paths[ASSETS_MAX][PATH_BYTES]);

static void expect_page(struct client *client, const char *path)
{
    char paths[ASSETS_MAX][PATH_BYTES];
    bool has_script = false;
    bool has_style = false;
    const struct reply *page = client_get(client, "%s", path);
    EXPECT(page, 200, NULL);
    EXPECT_FIELD(page, "Content-Type", "text/html; charset=utf-8");
    EXPECT_FIELD(page, "X-Content-Type-Options", "nosniff");
    EXPECT_FIELD(page, "Cross-Origin-Opener-Policy", "same-origin");
    EXPECT_FIELD(page, "Cross-Origin-Resource-Policy", "same-origin");
    EXPECT_FIELD(page, "Referrer-Policy", "no-referrer");
    assert_non_null(strstr(reply_field(page, "Content-Security-Policy"), "default-src"));
    assert_null(strstr(page->body, "<script>")); /* the page's policy forbids inline scripts */

    size_t count = collect_assets(page->body, paths);
    for (size_t i = 0; i < count; i++) {
        const struct reply *asset = client_get(client, "%s", paths[i]);
        EXPECT(asset, 200, NULL);
        assert_true(asset->body_bytes > 0);
        has_script |= strstr(reply_field(asset, "Content-Type"), "javascript") != NULL;
        has_style |= strstr(reply_field(asset, "Content-Type"), "text/css") != NULL;
    }

    assert_true(has_script);
    assert_true(has_style);
}

static void each_page_and_all_it_loads_are_served(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);

    expect_page(client, "/docs");
    expect_page(client, "/dashboard");
    client_free(client);
}

static void an_asset_is_not_sent_again_to_who_has_it(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);
    static const char *const paths[] = {"/docs", "/dashboard", "/openapi.json"};

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        char etag[128];
        const char *const revalidate[] = {etag, NULL};
        client_set_headers(client, NULL);
        const struct reply *first = client_get(client, "%s", paths[i]);
        EXPECT(first, 200, NULL);
        assert_non_null(reply_field(first, "ETag"));
        (void)snprintf(etag, sizeof(etag), "If-None-Match: %s", reply_field(first, "ETag"));

        client_set_headers(client, revalidate);
        const struct reply *again = client_get(client, "%s", paths[i]);

        EXPECT(again, 304, NULL);
        assert_int_equal(again->body_bytes, 0);
        EXPECT_FIELD(again, "ETag", etag + strlen("If-None-Match: "));
    }
    client_free(client);
}

static void an_asset_is_compressed_for_who_takes_it(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);
    const char *const gzip[] = {"Accept-Encoding: gzip", NULL};
    const char *const refused[] = {"Accept-Encoding: gzip;q=0", NULL};
    const struct reply *plain = client_get(client, "/docs");
    EXPECT(plain, 200, NULL);
    EXPECT_FIELD(plain, "Content-Encoding", NULL);
    EXPECT_FIELD(plain, "Vary", "Accept-Encoding");
    size_t plain_bytes = plain->body_bytes;

    client_set_headers(client, gzip);
    const struct reply *small = client_get(client, "/docs");
    EXPECT(small, 200, NULL);
    EXPECT_FIELD(small, "Content-Encoding", "gzip");
    assert_true(small->body_bytes < plain_bytes);
    assert_memory_equal(small->body, "\x1f\x8b", 2);

    client_set_headers(client, refused);
    EXPECT_FIELD(client_get(client, "/docs"), "Content-Encoding", NULL);
    client_free(client);
}

static void what_the_docs_page_loads_comes_compressed_only(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);
    static const struct {
        const char *accept_encoding;
        int status;
    } cases[] = {
        {"Accept-Encoding:", 200}, /* libcurl then leaves the field out */
        {"Accept-Encoding: gzip, deflate, br, zstd", 200},
        {"Accept-Encoding: br;q=0.9, *;q=0.1", 200},
        {"Accept-Encoding;", 406}, /* libcurl then sends it empty */
        {"Accept-Encoding: identity", 406},
        {"Accept-Encoding: gzip;q=0, *", 406},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *const accept[] = {cases[i].accept_encoding, NULL};
        bool taken = cases[i].status == 200;
        client_set_headers(client, accept);

        const struct reply *head = client_send(client, "HEAD", "/docs/swagger-ui.css", NULL, 0);
        EXPECT(head, cases[i].status, NULL);
        EXPECT_FIELD(head, "Content-Encoding", taken ? "gzip" : NULL);

        const struct reply *get = client_get(client, "/docs/swagger-ui.css");
        EXPECT(get, cases[i].status, NULL);
        EXPECT_FIELD(get, "Content-Encoding", taken ? "gzip" : NULL);
        EXPECT_FIELD(get, "Vary", "Accept-Encoding");
        if (!taken)
            EXPECT_PROBLEM(get, 406, "compressed by gzip only");
    }
    client_free(client);
}

static void the_openapi_document_describes_every_route(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);
    static const char *const operations[][2] = {
        {"/register", "post"},
        {"/app", "get"},
        {"/policy", "post"},
        {"/policy", "get"},
        {"/policy", "delete"},
        {"/check", "post"},
        {"/check/batch", "post"},
        {"/reset", "post"},
        {"/logs/latest", "get"},
        {"/livez", "get"},
        {"/readyz", "get"},
        {"/openapi.json", "get"},
        {"/docs", "get"},
        {"/metrics", "get"},
        {"/subjects/state", "get"},
        {"/dashboard", "get"},
        {"/policy/simulate", "post"},
    };

    const struct reply *reply = client_get(client, "/openapi.json");

    EXPECT(reply, 200, NULL);
    assert_memory_equal(reply_text(reply, "openapi"), "3.1.", 4);
    for (size_t i = 0; i < ARRAY_COUNT(operations); i++) {
        json_t *path = json_object_get(json_object_get(reply->json, "paths"), operations[i][0]);
        json_t *operation = json_object_get(path, operations[i][1]);
        assert_non_null(operation);
        assert_non_null(json_object_get(operation, "responses"));
    }
    client_free(client);
}

static void liveness_and_readiness_are_told(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);

    const struct reply *alive = client_get(client, "/livez");
    EXPECT(alive, 200, "{'status':'alive'}");
    EXPECT_FIELD(alive, "Cache-Control", "no-store");
    EXPECT_MEMBERS(client_get(client, "/readyz")->json,
                   "status engine store catalogue catalogue_identity draining");
    EXPECT(client_get(client, "/readyz"), 200,
           world->redis == NULL ? "{'status':'ready','engine':'memory'}"
                                : "{'status':'ready','engine':'redis'}");
    client_free(client);
}

static void figures_are_told_to_everybody(void **state)
{
    const struct world *world = *state;
    struct client *client = stranger_new(world->service);

    const struct reply *reply = client_get(client, "/metrics");

    EXPECT(reply, 200, NULL);
    EXPECT_FIELD(reply, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_FIELD(reply, "Cache-Control", "no-store");
    assert_non_null(strstr(reply->body, "\nsluice_build_info{version=\""));
    client_free(client);
}

static void head_is_get_without_a_body(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char *const paths[] = {"/docs", "/dashboard", "/openapi.json", "/livez",
                                        "/policy"};

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        char length[32];
        const struct reply *get = client_get(tenant, "%s", paths[i]);
        EXPECT(get, 200, NULL);
        (void)snprintf(length, sizeof(length), "%zu", get->body_bytes);

        const struct reply *head = client_send(tenant, "HEAD", paths[i], NULL, 0);

        EXPECT(head, 200, NULL);
        assert_int_equal(head->body_bytes, 0);
        EXPECT_FIELD(head, "Content-Length", length);
    }
    client_free(tenant);
}

static void a_head_is_refused_as_the_get_would_be(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    const struct reply *head = client_send(tenant, "HEAD", "/docs?unknown=1", NULL, 0);

    assert_int_equal(head->status, 422);
    assert_int_equal(head->body_bytes, 0);
    client_free(tenant);
}

static void a_method_that_a_path_does_not_take_is_told_which_it_does(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const struct {
        const char *method;
        const char *path;
        const char *allow;
    } cases[] = {
        {"GET", "/check", "POST"},
        {"PUT", "/policy", "GET, HEAD, POST, DELETE"},
        {"DELETE", "/register", "POST"},
        {"POST", "/logs/latest", "GET, HEAD"},
        {"PATCH", "/docs", "GET, HEAD"},
        {"POST", "/openapi.json", "GET, HEAD"},
        {"POST", "/docs/docs.js", "GET, HEAD"},
        {"DELETE", "/docs/docs.js", "GET, HEAD"},
        {"POST", "/dashboard", "GET, HEAD"},
        {"POST", "/dashboard/main.js", "GET, HEAD"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct reply *reply = client_send(tenant, cases[i].method, cases[i].path, NULL, 0);
        const char *allow = reply_field(reply, "Allow");

        EXPECT_PROBLEM(reply, 405, NULL);
        assert_non_null(allow);
        assert_int_equal(strlen(allow), strlen(cases[i].allow));
        assert_non_null(strstr(allow, cases[i].allow[0] == 'P' ? "POST" : "GET, HEAD"));
    }
    client_free(tenant);
}

/* Collects the paths in src="..." and href="...". All are relative, because a proxy may serve them
 * under a prefix. */
static size_t collect_assets(const char *html, char paths[ASSETS_MAX][PATH_BYTES])
{
    static const char *const attributes[] = {"src=\"", "href=\""};
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_COUNT(attributes); i++) {
        const char *at = html;
        while ((at = strstr(at, attributes[i])) != NULL) {
            at += strlen(attributes[i]);
            if (strncmp(at, "data:", 5) == 0 || *at == '#')
                continue;
            assert_true(*at != '/' && count < ASSETS_MAX);
            (void)snprintf(paths[count++], PATH_BYTES, "/%.*s", (int)strcspn(at, "\"#"), at);
        }
    }
    return count;
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_page_and_all_it_loads_are_served),
        cmocka_unit_test(an_asset_is_not_sent_again_to_who_has_it),
        cmocka_unit_test(an_asset_is_compressed_for_who_takes_it),
        cmocka_unit_test(what_the_docs_page_loads_comes_compressed_only),
        cmocka_unit_test(the_openapi_document_describes_every_route),
        cmocka_unit_test(liveness_and_readiness_are_told),
        cmocka_unit_test(figures_are_told_to_everybody),
        cmocka_unit_test(head_is_get_without_a_body),
        cmocka_unit_test(a_head_is_refused_as_the_get_would_be),
        cmocka_unit_test(a_method_that_a_path_does_not_take_is_told_which_it_does),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
