/* SPDX-License-Identifier: MIT
 *
 * POST /reset: forgets what one subject has used under the policy that a check would use. */
#include "api/decision.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "http/problem.h"

struct reset {
    struct decision decision;
    struct request *request;
};

static bool reset_read(struct reset *reset, struct request *request);
static void reset_on_forgotten(void *context, const struct outcome *outcome);

enum handled reset_post(struct request *request, void *context)
{
    struct reset *reset = ARENA_NEW(&request->arena, struct reset);
    struct api *api = context;
    struct outcome outcome;
    struct outcome local;
    struct take take;

    reset->request = request;
    reset->decision.api = api;
    reset->decision.app = request_app(request);
    if (!reset_read(reset, request))
        return HANDLED_NOW;
    if (!decision_match(&reset->decision, &request->arena)) {
        problem_answer(request, PROBLEM_NO_POLICY, "%s", decision_no_policy);
        return HANDLED_NOW;
    }
    take = decision_counters(&reset->decision);
    memory_table_forget(api->local, &take, &local); /* what the fallback has counted */
    outcome = local;
    if (store_forget(api->store, &take, &outcome, reset, reset_on_forgotten) == STORE_LATER)
        return HANDLED_LATER;
    outcome.count = outcome.count > local.count ? outcome.count : local.count;
    reset_on_forgotten(reset, &outcome);
    return HANDLED_NOW;
}

static bool reset_read(struct reset *reset, struct request *request)
{
    struct reading reading;

    if (!reading_open_body(&reading, request))
        return false;
    decision_read_subject(&reset->decision, &reading.form, &request->arena);
    return reading_close(&reading);
}

static void reset_on_forgotten(void *context, const struct outcome *outcome)
{
    struct reset *reset = context;
    struct buffer body;
    struct writer writer;

    if (outcome->status != TAKE_DONE) {
        problem_answer(reset->request, PROBLEM_UNAVAILABLE, "The counters cannot be reached.");
        return;
    }
    buffer_init(&body, &reset->request->arena, 64);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    writer_string(&writer, "message", "Counters reset");
    writer_integer(&writer, "reset", (int64_t)outcome->count);
    writer_end_object(&writer);
    request_answer_json(reset->request, 200, buffer_text(&body));
}
