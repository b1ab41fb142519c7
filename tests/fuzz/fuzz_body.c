/* SPDX-License-Identifier: MIT
 *
 * The body of a request, given to each handler that reads one. Each handler answers in JSON, with a
 * status of its own contract, and never with a 500. The status is 400 exactly if the body is not a
 * JSON document. With 422, each error has a place in the body. A check is allowed exactly if the
 * status is 200, and its numbers are in their ranges; what is granted in part is not more than the
 * largest cost, and nothing if it is denied. In a batch, all this is true of each result. */
#include "fuzz.h"

#include "answers.h"
#include "base/document.h"
#include "handlers.h"
#include "limit/limit.h"

#define STATUSES_MAX 8

static handler_check_fn on_any;
static handler_check_fn on_check;
static handler_check_fn on_batch;
static void verdict_check(const json_t *body, bool allowed);
static void result_check(const json_t *result, const json_t *document);

static const struct way {
    handler_fn *handler;
    handler_check_fn *check;
    int statuses[STATUSES_MAX];
} ways[] = {
    {check_post, on_check, {200, 400, 404, 422, 429, 503, 0}}, /* 503: no place to wait */
    {check_batch_post, on_batch, {200, 400, 422, 0}},
    {policy_post, on_any, {201, 400, 422, 0}},
    {policy_delete, on_any, {200, 400, 422, 0}},
    {simulation_post, on_any, {200, 400, 422, 0}},
    {register_post, on_any, {201, 400, 422, 0}},
    {reset_post, on_any, {200, 400, 404, 422, 0}},
};

struct asked {
    const struct way *way;
    const json_t *document; /* NULL: the body is not a document */
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    handlers_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text body = fuzz_text(data, size);
    struct error error = {0};
    json_t *document = document_parse(body, &error);

    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        struct asked asked = {&ways[i], document};

        /* Without a body DELETE reads the query, which another target tests. */
        if (ways[i].handler != policy_delete || size > 0)
            handlers_run(ways[i].handler, body, NULL, &asked, ways[i].check);
    }
    json_decref(document);
    return 0;
}

static void on_any(const struct request *request, const void *context)
{
    const struct asked *asked = context;

    ASSERT((request->response.status == 400) == (asked->document == NULL));
    json_decref(answer_check(request, asked->way->statuses, asked->document));
}

static void on_check(const struct request *request, const void *context)
{
    const struct asked *asked = context;
    int status = request->response.status;
    json_t *body = answer_check(request, asked->way->statuses, asked->document);

    ASSERT((status == 400) == (asked->document == NULL));
    if (status == 200 || status == 429)
        verdict_check(body, status == 200);
    if (status == 503)
        ASSERT(json_is_true(json_object_get(asked->document, "wait")));
    json_decref(body);
}

static void on_batch(const struct request *request, const void *context)
{
    const struct asked *asked = context;
    json_t *body = answer_check(request, asked->way->statuses, asked->document);

    ASSERT((request->response.status == 400) == (asked->document == NULL));
    if (request->response.status == 200) {
        const json_t *results = json_object_get(body, "results");

        ASSERT(json_array_size(results) ==
               json_array_size(json_object_get(asked->document, "checks")));
        for (size_t i = 0; i < json_array_size(results); i++)
            result_check(json_array_get(results, i), asked->document);
    }
    json_decref(body);
}

static void result_check(const json_t *result, const json_t *document)
{
    json_int_t status = json_integer_value(json_object_get(result, "status"));

    ASSERT(status == 200 || status == 404 || status == 422 || status == 429);
    if (status == 422)
        answer_check_errors(json_object_get(result, "errors"), document);
    if (status == 200 || status == 429)
        verdict_check(result, status == 200);
}

static void verdict_check(const json_t *body, bool allowed)
{
    json_int_t limit = json_integer_value(json_object_get(body, "limit"));
    json_int_t remaining = json_integer_value(json_object_get(body, "remaining"));
    json_int_t retry_after = json_integer_value(json_object_get(body, "retry_after"));
    json_int_t granted = json_integer_value(json_object_get(body, "granted"));

    ASSERT(json_is_boolean(json_object_get(body, "allowed")));
    ASSERT(json_is_true(json_object_get(body, "allowed")) == allowed);
    ASSERT(limit >= 0 && limit <= LIMIT_COST_MAX && remaining >= 0 && remaining <= limit);
    ASSERT(json_integer_value(json_object_get(body, "reset_in")) >= 0);
    ASSERT(allowed ? retry_after == 0 : retry_after >= 0);
    ASSERT(granted >= 0 && granted <= (allowed ? LIMIT_COST_MAX : 0));
    ASSERT(json_is_string(json_object_get(body, "reason")) || allowed);
    ASSERT(json_is_string(json_object_get(body, "route_key")));
}
