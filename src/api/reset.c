/* SPDX-License-Identifier: MIT
 *
 * POST /reset: forgets what one subject has used under the policy that a check would use. */
#include "api/audit.h"
#include "api/decision.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "api/second_look.h"
#include "http/problem.h"
#include "store/store.h"
#include "store/store_memory.h"

struct reset {
    struct decision decision;
    struct request *request;
    size_t count; /* limits that had counters */
    bool failed;
    int awaited; /* rules that the store has not forgotten yet */
};

static bool reset_read(struct reset *reset, struct request *request);
static second_look_found_fn reset_begin;
static void reset_forget(struct reset *reset, const struct rule *rule);
static store_done_fn reset_on_forgotten;
static void reset_note(struct reset *reset, const struct outcome *outcome);
static void reset_answer(struct reset *reset);

enum handled reset_post(struct request *request, void *context)
{
    struct reset *reset = ARENA_NEW(&request->arena, struct reset);
    struct decision *decision = &reset->decision;

    reset->request = request;
    decision->api = context;
    decision->app = request_app(request);
    decision->context = reset;
    if (!reset_read(reset, request))
        return HANDLED_NOW;
    return second_look_match(decision, request, reset_begin);
}

static bool reset_read(struct reset *reset, struct request *request)
{
    struct reading reading;

    if (!reading_open_body(&reading, request))
        return false;
    decision_read_subject(&reset->decision, &reading.form, &request->arena);
    return reading_close(&reading);
}

static enum handled reset_begin(struct decision *decision)
{
    struct reset *reset = decision->context;
    const struct policy *policy = decision->policy;

    reset_forget(reset, &policy->rule);
    if (policy->candidate != NULL)
        reset_forget(reset, policy->candidate);
    if (reset->awaited > 0)
        return HANDLED_LATER;
    reset_answer(reset);
    return HANDLED_NOW;
}

/* Also forgets what the fallback has counted. */
static void reset_forget(struct reset *reset, const struct rule *rule)
{
    struct api *api = reset->decision.api;
    const struct operation operation = decision_operation(&reset->decision, rule, OPERATION_FORGET);
    struct outcome outcome;

    memory_table_ask(api->local, &operation, &outcome);
    reset_note(reset, &outcome);
    if (store_ask(api->store, &operation, &outcome, reset, reset_on_forgotten) == STORE_LATER)
        reset->awaited++;
    else
        reset_note(reset, &outcome);
}

static void reset_on_forgotten(void *context, const struct outcome *outcome)
{
    struct reset *reset = context;

    reset_note(reset, outcome);
    if (--reset->awaited == 0)
        reset_answer(reset);
}

/* Keeps the largest count among live rule and candidate, fallback and store. */
static void reset_note(struct reset *reset, const struct outcome *outcome)
{
    reset->failed = reset->failed || outcome->status != TAKE_DONE;
    if (outcome->status == TAKE_DONE && outcome->count > reset->count)
        reset->count = outcome->count;
}

static void reset_answer(struct reset *reset)
{
    struct buffer body;
    struct writer writer;

    if (reset->failed) {
        problem_answer(reset->request, PROBLEM_UNAVAILABLE, "The counters cannot be reached.");
        return;
    }
    audit_reset(reset->decision.api, reset->request, reset->decision.route_key,
                reset->decision.role);
    buffer_init(&body, &reset->request->arena, 64);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    writer_string(&writer, "message", "Counters reset");
    writer_integer(&writer, "reset", (int64_t)reset->count);
    writer_end_object(&writer);
    request_answer_json(reset->request, 200, writer_document(&writer));
}
