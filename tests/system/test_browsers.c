/* SPDX-License-Identifier: MIT
 *
 * Browsers and caches: what neither may do with answers, and what no foreign page may ask. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/world.h"

#define ANSWER_SECONDS 20
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
        {"GET", "/usage", NULL, 200, "X-API-Key"},
        {"DELETE", "/policy?route_key=/a", NULL, 200, "X-API-Key"},
        {"DELETE", "/policy?route_key=/a", NULL, 404, "X-API-Key"},
        {"POST", "/register", "{\"name\":\"kept\"}", 201, "X-Admin-Token"},
        {"POST", "/register", "{}", 422, "X-Admin-Token"},
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
    static const char request[] = "GET /policy HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
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

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_key_unlocks_and_every_problem_is_not_to_be_kept),
        cmocka_unit_test(a_refusal_without_a_key_is_not_to_be_kept),
        cmocka_unit_test(a_refusal_of_the_message_itself_is_not_to_be_kept),
        cmocka_unit_test(the_files_of_the_docs_page_are_kept_as_they_say),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
