/* SPDX-License-Identifier: MIT
 *
 * Compares the route table with the OpenAPI document, in both directions. Compares the problems
 * with both. */
#include "api/routes.h"
#include "base/document.h"
#include "http/assets.h"
#include "http/problem.h"
#include "limit/algorithm.h"
#include "web/web_assets.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const json_t *read_document(void)
{
    static json_t *document;
    struct error error = {0};
    const struct asset *asset = assets_find(web_assets, "/openapi.json");

    if (!document)
        document = document_parse(asset->bodies[ASSET_IDENTITY].content, &error);
    if (!document)
        fail_msg("%s", error.message);
    return document;
}

static json_t *operation_of(const char *method, const char *path)
{
    char lower[16] = {0};

    for (size_t i = 0; method[i] && i < sizeof lower - 1; i++)
        lower[i] = (char)tolower((unsigned char)method[i]);
    return json_object_get(json_object_get(json_object_get(read_document(), "paths"), path), lower);
}

static void every_route_is_documented_under_its_summary(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes()->count; i++) {
        const struct route *route = &routes()->rows[i];
        const json_t *operation = operation_of(route->method, route->path);

        if (!operation)
            fail_msg("%s %s is not documented", route->method, route->path);
        assert_string_equal(json_string_value(json_object_get(operation, "summary")),
                            route->summary);
    }
}

static void every_documented_operation_is_a_route(void **state)
{
    const json_t *paths = json_object_get(read_document(), "paths");
    const char *path;
    json_t *methods;
    size_t documented = 0;

    (void)state;
    json_object_foreach ((json_t *)(uintptr_t)paths, path, methods) {
        documented += json_object_size(methods);
    }

    assert_int_equal(documented, routes()->count);
}

/* An operation without `security` has the document's, which is the key. */
static bool wants_key(const json_t *operation)
{
    const json_t *security = json_object_get(operation, "security");

    if (!security)
        return true;
    for (size_t i = 0; i < json_array_size(security); i++)
        if (json_object_get(json_array_get(security, i), "ApiKey"))
            return true;
    return false;
}

static void a_route_that_wants_a_key_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes()->count; i++) {
        const struct route *route = &routes()->rows[i];

        if (wants_key(operation_of(route->method, route->path)) != (route->access == ROUTE_APP))
            fail_msg("%s %s: security differs from the table", route->method, route->path);
    }
}

static void a_route_that_reads_a_body_documents_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes()->count; i++) {
        const struct route *route = &routes()->rows[i];
        const json_t *body =
            json_object_get(operation_of(route->method, route->path), "requestBody");

        if ((body != NULL) != (route->body != BODY_NONE))
            fail_msg("%s %s: requestBody differs from the table", route->method, route->path);
        if (body)
            assert_int_equal(json_is_true(json_object_get(body, "required")),
                             route->body == BODY_JSON);
    }
}

/* Whether the operation has a query parameter, given directly or by reference. */
static bool has_query_parameter(const json_t *operation)
{
    static const char prefix[] = "#/components/parameters/";
    const json_t *shared =
        json_object_get(json_object_get(read_document(), "components"), "parameters");
    const json_t *parameters = json_object_get(operation, "parameters");

    for (size_t i = 0; i < json_array_size(parameters); i++) {
        const json_t *parameter = json_array_get(parameters, i);
        const char *reference = json_string_value(json_object_get(parameter, "$ref"));

        if (reference)
            parameter = json_object_get(shared, reference + strlen(prefix));
        if (strcmp(json_string_value(json_object_get(parameter, "in")), "query") == 0)
            return true;
    }
    return false;
}

static void a_route_that_reads_a_query_documents_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes()->count; i++) {
        const struct route *route = &routes()->rows[i];
        const json_t *operation = operation_of(route->method, route->path);

        if (has_query_parameter(operation) != (route->query != QUERY_NONE))
            fail_msg("%s %s: the query differs from the table", route->method, route->path);
        if (!json_object_get(json_object_get(operation, "responses"), "422"))
            fail_msg("%s %s: refuses queries, but does not say so", route->method, route->path);
    }
}

/* What its description promises is also a parameter, because clients are made of parameters: an
 * object whose members are parameters of their own. */
static void a_query_by_any_subject_has_a_parameter_for_it(void **state)
{
    size_t promises = 0;

    (void)state;
    for (size_t i = 0; i < routes()->count; i++) {
        const struct route *route = &routes()->rows[i];
        char *text = json_dumps(operation_of(route->method, route->path), 0);

        if (strstr(text, "subject.org=acme")) {
            promises++;
            if (!strstr(text, "parameters/Subject") && !strstr(text, "schemas/SubjectFilter"))
                fail_msg("%s %s: no parameter for a subject", route->method, route->path);
        }
        free(text);
    }
    assert_int_equal(promises, 5);
}

static void every_problem_is_documented(void **state)
{
    char *text = json_dumps(read_document(), 0);

    (void)state;
    for (size_t i = 0; i < PROBLEM_COUNT; i++)
        if (!strstr(text, problem_row((enum problem)i)->type))
            fail_msg("%s is not documented", problem_row((enum problem)i)->type);
    free(text);
}

static void every_algorithm_is_documented_and_no_other(void **state)
{
    const json_t *schemas =
        json_object_get(json_object_get(read_document(), "components"), "schemas");
    const json_t *list = json_object_get(json_object_get(schemas, "Algorithm"), "enum");

    (void)state;
    assert_int_equal(json_array_size(list), ALGORITHM_COUNT);
    for (size_t i = 0; algorithm_names[i]; i++)
        assert_string_equal(json_string_value(json_array_get(list, i)), algorithm_names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_documented_under_its_summary),
        cmocka_unit_test(every_documented_operation_is_a_route),
        cmocka_unit_test(a_route_that_wants_a_key_says_so),
        cmocka_unit_test(a_route_that_reads_a_body_documents_it),
        cmocka_unit_test(a_route_that_reads_a_query_documents_it),
        cmocka_unit_test(a_query_by_any_subject_has_a_parameter_for_it),
        cmocka_unit_test(every_problem_is_documented),
        cmocka_unit_test(every_algorithm_is_documented_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
