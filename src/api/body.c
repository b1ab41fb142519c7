/* SPDX-License-Identifier: MIT */
#include "api/body.h"

#include "base/document.h"
#include "http/problem.h"

static void release(void *json);

const json_t *body_parse(struct request *request)
{
    struct error error;
    json_t *json = document_parse(request->body, &error);

    if (!json) {
        problem_answer(request, PROBLEM_BAD_JSON, "%s", error.message);
        return NULL;
    }
    request_on_close(request, json, release);
    return json;
}

static void release(void *json)
{
    json_decref(json);
}
