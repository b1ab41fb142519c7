/* SPDX-License-Identifier: MIT */
#include "api/reading.h"

#include "base/document.h"
#include "base/document_hint.h"
#include "http/problem.h"
#include "limit/member_aliases.h"

static void begin(struct reading *reading, struct request *request);
static bool open_form(struct reading *reading, const json_t *value, const char *pointer);
static void release_json(void *json);

const json_t *reading_parse_body(struct request *request)
{
    struct error error;
    json_t *json = document_parse(request->body, &error);

    if (!json) {
        const char *hint = document_hint(request->body);

        problem_answer(request, PROBLEM_BAD_JSON, "%s%s%s", error.message, hint ? ". " : "",
                       hint ? hint : "");
        return NULL;
    }
    request_on_close(request, json, release_json);
    return json;
}

/* Nearly all checks have a plain body. Any other body is parsed as a document, which also finds
 * what is wrong with it. */
bool reading_open_body(struct reading *reading, struct request *request)
{
    const json_t *body;

    begin(reading, request);
    if (members_parse(&reading->members, request->body)) {
        form_open_members(&reading->form, &reading->members, "", &reading->faults);
        return true;
    }
    body = reading_parse_body(request);
    return body && open_form(reading, body, "");
}

bool reading_open_document(struct reading *reading, struct request *request, const json_t *document)
{
    begin(reading, request);
    return open_form(reading, document, "");
}

bool reading_open_query(struct reading *reading, struct request *request)
{
    begin(reading, request);
    if (!open_form(reading, request_query(request, &reading->faults), NULL))
        return false;
    reading->form.kind = FORM_TEXTUAL;
    return true;
}

bool reading_close(struct reading *reading)
{
    form_close_with(&reading->form, member_aliases);
    if (reading->faults.count == 0)
        return true;
    problem_answer_faults(reading->request, &reading->faults);
    return false;
}

static void begin(struct reading *reading, struct request *request)
{
    reading->request = request;
    faults_begin(&reading->faults, FAULTS_MAX);
}

static bool open_form(struct reading *reading, const json_t *value, const char *pointer)
{
    if (form_open(&reading->form, value, pointer, &reading->faults))
        return true;
    problem_answer_faults(reading->request, &reading->faults);
    return false;
}

static void release_json(void *json)
{
    json_decref(json);
}
