/* SPDX-License-Identifier: MIT */
#include "api/decision_answer.h"

#include "api/api_settings.h"
#include "base/clock.h"
#include "http/problem.h"
#include "limit/rate_headers.h"

static void refuse(const struct decision *decision, struct request *request);
static void add_fields(const struct decision *decision, struct request *request);

void decision_answer_no_policy(const struct decision *decision, struct request *request)
{
    struct buffer body;
    struct writer writer;

    problem_begin(request, &body, &writer);
    problem_write(PROBLEM_NO_POLICY, decision_no_policy(decision, &request->arena), &writer);
    if (decision->explain)
        explain_write_none(decision->explain, &writer);
    problem_end(request, PROBLEM_NO_POLICY, &writer);
}

bool decision_answer_unfit(struct decision *decision, struct request *request)
{
    WRITTEN_FIRST struct faults faults;

    faults_begin(&faults, FAULTS_MAX);
    if (decision_fits(decision, "", &faults, &request->arena))
        return false;
    problem_answer_faults(request, &faults);
    return true;
}

void decision_answer(const struct decision *decision, struct request *request, int deny_status)
{
    struct buffer body;
    struct writer writer;

    if (decision->end != DECISION_MADE) {
        refuse(decision, request);
        return;
    }
    add_fields(decision, request);
    buffer_init(&body, &request->arena, 512);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    decision_write(decision, &writer);
    writer_end_object(&writer);
    request_answer_json(request, decision->verdict.allowed ? 200 : deny_status,
                        writer_document(&writer));
}

static void refuse(const struct decision *decision, struct request *request)
{
    const bool has_room = decision->end != DECISION_NO_ROOM;

    if (!has_room)
        request_add_field(request, "Retry-After",
                          request_printf(request, "%lld", (long long)decision->room_s));
    problem_answer(request, has_room ? PROBLEM_UNAVAILABLE : PROBLEM_QUOTA, "%s",
                   decision_problem(decision, &request->arena));
}

static void add_fields(const struct decision *decision, struct request *request)
{
    const enum rate_headers_style style = decision->api->settings->rate_headers;
    const int64_t wall_us = style == RATE_HEADERS_EPOCH ? clock_wall_us() : 0;
    struct rate_header headers[RATE_HEADERS_MAX];
    const size_t count =
        rate_headers_write(&decision->verdict, style, wall_us, &request->arena, headers);

    for (size_t i = 0; i < count; i++)
        request_add_field(request, headers[i].name, headers[i].value);
}
