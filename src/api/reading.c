/* SPDX-License-Identifier: MIT */
#include "api/reading.h"

#include "base/document.h"
#include "http/problem.h"

static bool open_form(struct reading *reading, struct request *request, const json_t *value,
                      enum form_kind kind);
static void release_json(void *json);

const json_t *reading_parse_body(struct request *request)
{
    struct error error;
    json_t *json = document_parse(request->body, &error);

    if (!json) {
        problem_answer(request, PROBLEM_BAD_JSON, "%s", error.message);
        return NULL;
    }
    request_on_close(request, json, release_json);
    return json;
}

bool reading_open_body(struct reading *reading, struct request *request)
{
    const json_t *body = reading_parse_body(request);

    reading->faults.count = 0;
    return body && open_form(reading, request, body, FORM_JSON);
}

bool reading_open_query(struct reading *reading, struct request *request)
{
    reading->faults.count = 0;
    return open_form(reading, request, request_query(request, &reading->faults), FORM_TEXTUAL);
}

bool reading_close(struct reading *reading)
{
    form_close(&reading->form);
    if (reading->faults.count == 0)
        return true;
    problem_answer_faults(reading->request, &reading->faults);
    return false;
}

static bool open_form(struct reading *reading, struct request *request, const json_t *value,
                      enum form_kind kind)
{
    reading->request = request;
    if (!form_open(&reading->form, value, "", &reading->faults)) {
        problem_answer_faults(request, &reading->faults);
        return false;
    }
    reading->form.kind = kind;
    return true;
}

static void release_json(void *json)
{
    json_decref(json);
}
