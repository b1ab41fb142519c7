/* SPDX-License-Identifier: MIT
 *
 * Requests that are wrong before their body is read as JSON: in their key, query, media type or
 * size. */
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

#define BODY_BYTES_MAX  ((size_t)16 * 1024)
#define BATCH_BYTES_MAX ((size_t)1024 * 1024)
#define BATCH_COUNT_MAX 1000

static void expect_nothing_happened(struct client *tenant)
{
    client_set_headers(tenant, NULL);
    EXPECT(client_look(tenant, "alice", "/a"), 200, "{'limit':5,'remaining':5}");
}

static struct client *tenant_with_policy(const struct world *world)
{
    struct client *tenant = tenant_new(world->service);

    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    return tenant;
}

static void keys_that_are_none(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    struct client *stranger = stranger_new(world->service);
    char mistyped[64];
    const char *const keys[] = {"",
                                "x",
                                "slk_",
                                mistyped,
                                "slk_aaaaaaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                "slk_aaaaaaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    static const char *const requests[][2] = {
        {"POST", "/check"},    {"POST", "/check/batch"}, {"POST", "/policy"},    {"GET", "/policy"},
        {"DELETE", "/policy"}, {"POST", "/reset"},       {"GET", "/logs/latest"}};
    const char body[] = "{\"user_id\":\"alice\",\"route_key\":\"/a\"}";

    (void)snprintf(mistyped, sizeof(mistyped), "%s", client_key(tenant));
    mistyped[20] = mistyped[20] == 'a' ? 'b' : 'a';
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        client_set_key(stranger, keys[i]);
        for (size_t j = 0; j < ARRAY_COUNT(requests); j++) {
            bool has_body = strcmp(requests[j][0], "GET") != 0;
            const struct reply *reply =
                client_send(stranger, requests[j][0], requests[j][1], has_body ? body : NULL,
                            has_body ? strlen(body) : 0);
            EXPECT_PROBLEM(reply, 401, NULL);
            assert_non_null(reply_field(reply, "WWW-Authenticate"));
            if (strlen(keys[i]) > strlen("slk_"))
                assert_null(strstr(reply->body, keys[i])); /* no answer repeats a key */
        }
    }
    expect_nothing_happened(tenant);
    client_free(stranger);
    client_free(tenant);
}

static void queries_with_faults(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const struct {
        const char *path;
        const char *saying;
    } queries[] = {
        {"/logs/latest?limit=0", "?limit"},
        {"/logs/latest?limit=1001", "?limit"},
        {"/logs/latest?limit=-1", "?limit"},
        {"/logs/latest?limit=x", "?limit"},
        {"/logs/latest?limit=", "?limit"},
        {"/logs/latest?limit=1.5", "?limit"},
        {"/logs/latest?limit=%2B1", "?limit"},
        {"/logs/latest?limit=99999999999999999999", "?limit"},
        {"/logs/latest?limit=1&limit=2", "?limit"},
        {"/logs/latest?allowed=maybe", "?allowed"},
        {"/logs/latest?allowed=1", "?allowed"},
        {"/logs/latest?route_key=", "?route_key"},
        {"/logs/latest?unknown=1", "?unknown"},
        {"/logs/latest?user_id=%FF", "UTF-8"},
        {"/logs/latest?user_id=%00", "has a NUL"},
        {"/subjects/state?subject.org=a%00b", "has a NUL"},
        {"/policy?unknown=1", "?unknown"},
        {"/policy?role=", "?role"},
        {"/policy?role=a&role=b", "?role"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(queries); i++)
        EXPECT_PROBLEM(client_get(tenant, "%s", queries[i].path), 422, queries[i].saying);
    client_free(tenant);
}

static void query_parameters_that_nobody_knows_are_refused_by_every_route(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const struct {
        const char *method;
        const char *path;
        const char *body;
    } requests[] = {
        {"POST", "/check", "{'user_id':'alice','route_key':'/a'}"},
        {"POST", "/check/batch", "{'checks':[{'user_id':'alice','route_key':'/a'}]}"},
        {"POST", "/reset", "{'user_id':'alice','route_key':'/a'}"},
        {"POST", "/policy", "{'route_key':'/b','limit':5,'window_seconds':60}"},
        {"POST", "/register", "{'name':'nobody'}"},
        {"DELETE", "/policy", "{'route_key':'/a'}"},
        {"DELETE", "/policy", NULL},
        {"GET", "/policy", NULL},
        {"GET", "/logs/latest", NULL},
        {"GET", "/usage", NULL},
        {"GET", "/livez", NULL},
        {"GET", "/readyz", NULL},
        {"GET", "/metrics", NULL},
        {"GET", "/docs", NULL},
        {"GET", "/docs/docs.css", NULL},
        {"GET", "/openapi.json", NULL},
    };
    static const struct {
        const char *query;
        const char *saying;
    } queries[] = {
        {"unknown=1", "?unknown"}, {"unknown", "?unknown"},
        {"unknown=", "?unknown"},  {"%75nknown=1", "?unknown"},
        {"a%2Fb%7Ec=1", "?a/b~c"}, {"unknown=1&unknown=2", "must not be repeated"},
        {"=1", "has no name"},     {"&", "has no name"},
        {"%FF=1", "UTF-8"},        {"unknown%00=1", "has a NUL"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        const char *quoted = requests[i].body;
        char body[128];

        (void)snprintf(body, sizeof(body), "%s", quoted == NULL ? "" : quoted);
        (void)quotes(body);
        for (size_t j = 0; j < ARRAY_COUNT(queries); j++) {
            char path[128];
            (void)snprintf(path, sizeof(path), "%s?%s", requests[i].path, queries[j].query);
            EXPECT_PROBLEM(client_send(tenant, requests[i].method, path,
                                       quoted == NULL ? NULL : body, strlen(body)),
                           422, queries[j].saying);
        }
    }
    expect_nothing_happened(tenant);
    EXPECT(client_get(tenant, "/policy"), 200, "[{'route_key':'/a'}]");
    client_free(tenant);
}

static void a_query_beside_a_body_does_not_say_what_to_delete(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);

    EXPECT_PROBLEM(client_delete(tenant, "/policy?route_key=/b", "{'route_key':'/a'}"), 422,
                   "?route_key");

    expect_nothing_happened(tenant);
    client_free(tenant);
}

static void a_query_without_parameters_is_none(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char *const paths[] = {"/policy?", "/logs/latest?", "/livez?", "/docs?"};

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        EXPECT(client_get(tenant, "%s", paths[i]), 200, NULL);
    client_free(tenant);
}

static void a_known_name_ends_where_it_ends(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);

    EXPECT_PROBLEM(
        client_post(tenant, "/check?deny_status%00x=403", "{'user_id':'alice','route_key':'/a'}"),
        422, "has a NUL");
    EXPECT_PROBLEM(client_get(tenant, "/policy?role%%00=admin"), 422, "has a NUL");

    expect_nothing_happened(tenant);
    client_free(tenant);
}

static void a_denial_status_that_is_none(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char *const queries[] = {"deny_status=500", "deny_status=", "deny_status=abc",
                                          "deny_status=403&deny_status=403"};

    for (size_t i = 0; i < ARRAY_COUNT(queries); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "/check?%s", queries[i]);
        EXPECT_PROBLEM(client_post(tenant, path, "{'user_id':'alice','route_key':'/a'}"), 422,
                       "?deny_status");
        expect_nothing_happened(tenant);
    }
    client_free(tenant);
}

static void bodies_that_are_declared_to_be_no_json(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char *const fields[] = {
        "Content-Type: text/plain",      "Content-Type: application/jsonp",
        "Content-Type: application/xml", "Content-Type: multipart/form-data; boundary=x",
        "Content-Type: +json",           "Content-Encoding: gzip",
        "Content-Encoding: br",          "Content-Encoding: gzip, identity",
    };

    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        const char *const headers[] = {fields[i], NULL};
        client_set_headers(tenant, headers);
        EXPECT_PROBLEM(client_check(tenant, "alice", "/a"), 415, NULL);
        expect_nothing_happened(tenant);
    }
    client_free(tenant);
}

static void the_top_leads_to_the_reference(void **state)
{
    const struct world *world = *state;
    struct client *stranger = stranger_new(world->service);

    const struct reply *reply = client_get(stranger, "/");
    assert_int_equal(reply->status, 303);
    assert_string_equal(reply_field(reply, "Location"), "docs");
    EXPECT_PROBLEM(client_post(stranger, "/", "{}"), 404, NULL);
    client_free(stranger);
}

static void paths_that_lead_nowhere(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char *const paths[] = {"/nowhere",  "/check/",    "/CHECK",    "//check",
                                        "/check/x",  "/docs/none", "/docs/",    "/../policy",
                                        "/%2e%2e/x", "/policy%2f", "/policy/1", "/docs/../x"};

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        EXPECT_PROBLEM(client_get(tenant, "%s", paths[i]), 404, NULL);
    client_free(tenant);
}

/* A check that is padded with spaces to `bytes`. */
static char *padded_check(const char *start, const char *end, size_t bytes)
{
    char *body = memory_new(1, bytes + 1);

    memset(body, ' ', bytes);
    memcpy(body, start, strlen(start));
    memcpy(body + bytes - strlen(end), end, strlen(end));
    return quotes(body);
}

static void bodies_up_to_the_limit_are_read_and_larger_ones_refused(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const struct {
        const char *path;
        const char *start;
        const char *end;
        size_t bytes_max;
    } bodies[] = {
        {"/check", "{'user_id':'alice','route_key':'/a','cost':0", "}", BODY_BYTES_MAX},
        {"/check/batch", "{'checks':[{'user_id':'alice','route_key':'/a','cost':0}", "]}",
         BATCH_BYTES_MAX},
        {"/reset", "{'user_id':'alice','route_key':'/a'", "}", BODY_BYTES_MAX},
        {"/policy", "{'route_key':'/b','limit':5,'window_seconds':3600", "}", BODY_BYTES_MAX},
    };

    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        for (size_t over = 0; over <= 1; over++) {
            size_t bytes = bodies[i].bytes_max + over;
            char *body = padded_check(bodies[i].start, bodies[i].end, bytes);
            const struct reply *reply = client_send(tenant, "POST", bodies[i].path, body, bytes);
            if (over == 0)
                assert_in_range(reply->status, 200, 201);
            else
                EXPECT_PROBLEM(reply, 413, NULL);
            free(body);
            expect_nothing_happened(tenant);
        }
    }
    client_free(tenant);
}

static void a_batch_of_too_many_checks_is_refused_whole(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_policy(world);
    static const char item[] = "{\"user_id\":\"alice\",\"route_key\":\"/a\"}";
    size_t size = (BATCH_COUNT_MAX + 1) * sizeof(item) + 32;
    char *body = memory_new(1, size);
    size_t length = (size_t)snprintf(body, size, "{\"checks\":[");

    for (int i = 0; i <= BATCH_COUNT_MAX; i++)
        length += (size_t)snprintf(body + length, size - length, "%s%s", i == 0 ? "" : ",", item);
    length += (size_t)snprintf(body + length, size - length, "]}");

    EXPECT_PROBLEM(client_send(tenant, "POST", "/check/batch", body, length), 422, "/checks");
    expect_nothing_happened(tenant);
    free(body);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_are_none),
        cmocka_unit_test(queries_with_faults),
        cmocka_unit_test(query_parameters_that_nobody_knows_are_refused_by_every_route),
        cmocka_unit_test(a_query_beside_a_body_does_not_say_what_to_delete),
        cmocka_unit_test(a_query_without_parameters_is_none),
        cmocka_unit_test(a_known_name_ends_where_it_ends),
        cmocka_unit_test(a_denial_status_that_is_none),
        cmocka_unit_test(bodies_that_are_declared_to_be_no_json),
        cmocka_unit_test(the_top_leads_to_the_reference),
        cmocka_unit_test(paths_that_lead_nowhere),
        cmocka_unit_test(bodies_up_to_the_limit_are_read_and_larger_ones_refused),
        cmocka_unit_test(a_batch_of_too_many_checks_is_refused_whole),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
