/* SPDX-License-Identifier: MIT
 *
 * Browsers and caches: what they may not do with answers, and what a page of another origin may not
 * request. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#define ANSWER_SECONDS 20
#define WAIT_SECONDS   20
#define UNLIMITED      "register_limit: \"off\"\nmanage_limit: \"off\"\n"
#define CHECK          "{\"user_id\":\"alice\",\"route_key\":\"/a\"}"
#define POLICY         "{\"route_key\":\"/a\",\"limit\":1,\"window_seconds\":3600}"

static void what_a_key_unlocks_and_every_problem_is_not_to_be_kept(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const struct {
        const char *method;
        const char *path;
        const char *body;
        int status;
        const char *vary;
    } cases[] = {
        {"POST", "/policy", POLICY, 201, "X-API-Key"},
        {"GET", "/policy", NULL, 200, "X-API-Key"},
        {"HEAD", "/policy", NULL, 200, "X-API-Key"},
        {"POST", "/check", CHECK, 200, "X-API-Key"},
        {"POST", "/check", CHECK, 429, "X-API-Key"},
        {"POST", "/check", "{}", 422, "X-API-Key"},
        {"POST", "/check", "{", 400, "X-API-Key"},
        {"POST", "/check/batch", "{\"checks\":[" CHECK "]}", 200, "X-API-Key"},
        {"POST", "/reset", CHECK, 200, "X-API-Key"},
        {"GET", "/logs/latest", NULL, 200, "X-API-Key"},
        {"GET", "/usage", NULL, 200, "Accept"}, /* and in a second field X-API-Key */
        {"DELETE", "/policy?route_key=/a", NULL, 200, "X-API-Key"},
        {"DELETE", "/policy?route_key=/a", NULL, 404, "X-API-Key"},
        {"POST", "/register", "{\"name\":\"kept\"}", 201, "X-Admin-Token, Origin, Sec-Fetch-Site"},
        {"POST", "/register", "{}", 422, "X-Admin-Token, Origin, Sec-Fetch-Site"},
        {"GET", "/nothing", NULL, 404, NULL},
        {"PUT", "/docs", NULL, 405, NULL},
        {"GET", "/livez", NULL, 200, NULL},
        {"GET", "/readyz", NULL, 200, NULL},
        {"GET", "/metrics", NULL, 200, NULL},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *body = cases[i].body;
        const struct reply *reply = client_send(tenant, cases[i].method, cases[i].path, body,
                                                body == NULL ? 0 : strlen(body));

        EXPECT(reply, cases[i].status, NULL);
        EXPECT_FIELD(reply, "Cache-Control", "no-store");
        EXPECT_FIELD(reply, "X-Content-Type-Options", "nosniff");
        EXPECT_FIELD(reply, "Vary", cases[i].vary);
    }
    client_free(tenant);
}

static void a_refusal_without_a_key_is_not_to_be_kept(void **state)
{
    const struct world *world = *state;
    struct client *stranger = stranger_new(world->service);

    const struct reply *reply = client_get(stranger, "/policy");

    EXPECT_PROBLEM(reply, 401, "X-API-Key");
    EXPECT_FIELD(reply, "Cache-Control", "no-store");
    EXPECT_FIELD(reply, "X-Content-Type-Options", "nosniff");
    EXPECT_FIELD(reply, "Vary", "X-API-Key");
    client_free(stranger);
}

static void a_refusal_of_the_message_itself_is_not_to_be_kept(void **state)
{
    static const char request[] = "GET /policy HTTP/1.1\r\nHost: a b\r\n\r\n";
    const struct world *world = *state;
    struct raw_reply reply;

    raw_exchange(service_port(world->service), request, sizeof(request) - 1, ANSWER_SECONDS,
                 &reply);

    assert_int_equal(reply.status, 400);
    assert_non_null(strstr(reply.text, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(reply.text, "\r\nX-Content-Type-Options: nosniff\r\n"));
}

static void the_files_of_the_docs_page_are_kept_as_they_say(void **state)
{
    const struct world *world = *state;
    struct client *stranger = stranger_new(world->service);
    const char *const identity[] = {"Accept-Encoding: identity", NULL};

    EXPECT_FIELD(client_get(stranger, "/docs"), "Cache-Control", "no-cache");
    EXPECT_FIELD(client_get(stranger, "/openapi.json"), "Cache-Control", "no-cache");
    EXPECT_FIELD(client_get(stranger, "/docs/swagger-ui.css"), "Cache-Control",
                 "public, max-age=3600");

    client_set_headers(stranger, identity);
    const struct reply *refused = client_get(stranger, "/docs/swagger-ui.css");
    EXPECT_PROBLEM(refused, 406, NULL);
    EXPECT_FIELD(refused, "Cache-Control", "no-store");
    EXPECT_FIELD(refused, "X-Content-Type-Options", "nosniff");
    client_free(stranger);
}

static void no_foreign_page_registers_an_app(void **state)
{
    const struct world *world = *state;
    struct client *stranger = stranger_new(world->service);
    int port = service_port(world->service);
    char origin[64];
    char upper[64];
    char appended[64];
    char user[64];
    const struct {
        const char *headers[4];
        int status;
    } cases[] = {
        {{NULL}, 201},
        {{"Sec-Fetch-Site: same-origin"}, 201},
        {{"Sec-Fetch-Site: none"}, 201},
        {{"Sec-Fetch-Site: same-site"}, 403},
        {{"Sec-Fetch-Site: cross-site"}, 403},
        {{"Sec-Fetch-Site: cross-site", origin}, 403},
        {{"Sec-Fetch-Site: unknown", origin}, 403},
        {{"Sec-Fetch-Site;", origin}, 403},
        {{"Sec-Fetch-Site: none", "Sec-Fetch-Site: none"}, 403},
        {{"Sec-Fetch-Site: same-origin", "Origin: https://limits.example.org"}, 201},
        {{origin}, 201},
        {{upper}, 201},
        {{"Origin: http://127.0.0.1:1"}, 403},
        {{appended}, 403},
        {{user}, 403},
        {{"Origin: http://evil.com"}, 403},
        {{"Origin: null"}, 403},
        {{"Origin;"}, 403},
        {{origin, origin}, 403},
        {{"Origin: https://h", "Host: h:443"}, 201},
        {{"Origin: https://h", "Host: h"}, 201},
        {{"Origin: https://h", "Host: h:80"}, 403},
        {{"Origin: http://[::1]:8080", "Host: [::1]:8080"}, 201},
        {{"Origin: http://[::1]:8080", "Host: [::1]"}, 403},
    };

    (void)snprintf(origin, sizeof(origin), "Origin: http://127.0.0.1:%d", port);
    (void)snprintf(upper, sizeof(upper), "ORIGIN: HTTP://127.0.0.1:%d", port);
    (void)snprintf(appended, sizeof(appended), "Origin: http://127.0.0.1:%d.evil.com", port);
    (void)snprintf(user, sizeof(user), "Origin: http://evil.com@127.0.0.1:%d", port);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        client_set_headers(stranger, cases[i].headers);

        const struct reply *reply = client_post(stranger, "/register", "{'name':'page'}");

        EXPECT(reply, cases[i].status, NULL);
        if (cases[i].status == 403)
            EXPECT_PROBLEM(reply, 403, "own pages only");
        EXPECT_FIELD(reply, "Vary", "X-Admin-Token, Origin, Sec-Fetch-Site");
    }
    client_free(stranger);
}

/* A form's content type, which browsers send without asking the server first. */
static void a_foreign_form_is_refused_before_its_body_is_read(void **state)
{
    const struct world *world = *state;
    struct client *stranger = stranger_new(world->service);
    static const char *const headers[] = {"Content-Type: text/plain", "Origin: http://evil.com",
                                          NULL};

    client_set_headers(stranger, headers);
    EXPECT_PROBLEM(client_post(stranger, "/register", "{'name':'page'}"), 403, "own pages only");
    client_free(stranger);
}

static void
a_foreign_page_changes_nothing_else_but_with_a_key_and_reads_what_is_public(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char *const headers[] = {"Sec-Fetch-Site: cross-site", "Origin: http://evil.com",
                                          NULL};
    static const struct {
        const char *method;
        const char *path;
        const char *body;
        int status;
    } cases[] = {
        {"OPTIONS", "/register", NULL, 405}, {"OPTIONS", "/check", NULL, 405},
        {"GET", "/register", NULL, 405},     {"GET", "/livez", NULL, 200},
        {"GET", "/docs", NULL, 200},         {"POST", "/policy", POLICY, 201},
        {"POST", "/check", CHECK, 200},
    };

    client_set_headers(tenant, headers);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *body = cases[i].body;
        const struct reply *reply = client_send(tenant, cases[i].method, cases[i].path, body,
                                                body == NULL ? 0 : strlen(body));

        EXPECT(reply, cases[i].status, NULL);
        EXPECT_FIELD(reply, "Access-Control-Allow-Origin", NULL);
    }
    client_free(tenant);
}

static void with_browser_hosts_no_other_name_is_ours_until_a_reload_says_so(void **state)
{
    const struct world *world = *state;
    char path[SCRATCH_PATH_BYTES];
    struct service_options options = world_options(world);
    static const char *const rebound[] = {"Origin: http://evil.com:8080", "Host: evil.com:8080",
                                          NULL};
    static const char *const same[] = {"Sec-Fetch-Site: same-origin", "Host: evil.com:8080", NULL};
    static const char *const listed[] = {"Origin: https://limits.example.org",
                                         "Host: internal:8080", NULL};
    static const char *const program[] = {"Host: evil.com:8080", NULL};
    scratch_file("hosts.yaml", UNLIMITED "browser_hosts: limits.example.org, internal:8080\n",
                 path);
    options.config = path;
    struct service *service = service_start(&options);
    struct client *stranger = stranger_new(service);

    client_set_headers(stranger, rebound);
    EXPECT_PROBLEM(client_post(stranger, "/register", "{'name':'page'}"), 403, NULL);
    client_set_headers(stranger, same);
    EXPECT_PROBLEM(client_post(stranger, "/register", "{'name':'page'}"), 403, NULL);
    client_set_headers(stranger, listed);
    EXPECT(client_post(stranger, "/register", "{'name':'page'}"), 201, NULL);
    client_set_headers(stranger, program);
    EXPECT(client_post(stranger, "/register", "{'name':'page'}"), 201, NULL);

    scratch_rewrite(path, UNLIMITED);
    service_reload(service);
    client_set_headers(stranger, rebound);
    WAIT_FOR (WAIT_SECONDS, client_post(stranger, "/register", "{'name':'page'}")->status == 201)
        ;
    client_free(stranger);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_key_unlocks_and_every_problem_is_not_to_be_kept),
        cmocka_unit_test(a_refusal_without_a_key_is_not_to_be_kept),
        cmocka_unit_test(a_refusal_of_the_message_itself_is_not_to_be_kept),
        cmocka_unit_test(the_files_of_the_docs_page_are_kept_as_they_say),
        cmocka_unit_test(no_foreign_page_registers_an_app),
        cmocka_unit_test(a_foreign_form_is_refused_before_its_body_is_read),
        cmocka_unit_test(
            a_foreign_page_changes_nothing_else_but_with_a_key_and_reads_what_is_public),
        cmocka_unit_test(with_browser_hosts_no_other_name_is_ours_until_a_reload_says_so),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
