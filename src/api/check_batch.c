/* SPDX-License-Identifier: MIT
 *
 * POST /check/batch: up to 1,000 checks, decided in order and answered together. Each has its own
 * status, so a wrong one does not fail the others.
 *
 * A batch is done in steps (base/slices.h). Each step reads a part of the body, begins some checks
 * or writes some results. While the batch waits for the store, it is not in the slices. */
#include "api/batch_body.h"
#include "api/decision.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "api/second_look.h"
#include "base/document.h"
#include "http/problem.h"
#include "limit/member_aliases.h"
#include "metrics/metrics.h"

/* On average. A check with 8 subjects and 8 costs has 22, and there is room for more, so that wrong
 * members can be named. Few checks override 8 limits beside, which are 9 more. */
#define BATCH_VALUES_PER_CHECK 24
#define BATCH_VALUES_BESIDES   64
/* Asked of the store at once. So each check's deadline covers little more than itself, and the
 * checks of others need not wait for a whole batch. */
#define BATCH_IN_FLIGHT_MAX 32
/* Faults kept per check. */
#define BATCH_FAULTS_MAX 4
/* Checks begun, or results written, per step. Such a step costs one quantum. */
#define BATCH_STEP SLICE_QUANTUM
/* Reading this much of a body takes about as long as a check. */
#define BATCH_BYTES_PER_CHECK 64

struct batch_item {
    struct decision decision;
    struct faults *faults; /* NULL when the item is well-formed */
};

struct batch {
    struct sliced work;
    struct request *request;
    struct api *api;
    struct batch_body input;
    const json_t *checks; /* NULL until the whole body has been read */
    size_t count;
    size_t begun;
    size_t in_flight;
    size_t written;
    bool has_looked_again; /* or has been refused to; once for all checks */
    bool is_looking;
    struct batch_item *items;
    struct buffer output;
    struct writer writer;
};

static bool batch_step(struct sliced *work);
static bool batch_read(struct batch *batch);
static void batch_let_go_of_input(void *context);
static const json_t *batch_open(struct batch *batch);
static bool batch_is_lean(struct batch *batch);
static bool batch_enter(struct batch *batch);
static void batch_leave(void *context);
static void batch_begin_some(struct batch *batch);
static bool batch_begin_item(struct batch *batch, size_t index);
static bool batch_look_again(struct batch *batch);
static void batch_on_looked(void *context);
static bool batch_read_item(struct decision *decision, const json_t *value, const char *pointer,
                            struct arena *arena, struct faults *faults);
static void batch_refuse_item(struct batch_item *item, const struct faults *faults,
                              struct arena *arena);
static bool batch_has_to_wait(const struct batch *batch);
static void batch_on_decided(struct decision *decision);
static void batch_write_some(struct batch *batch);
static void batch_begin_answer(struct batch *batch);
static void batch_write_item(const struct batch_item *item, struct arena *arena,
                             struct writer *writer);
static void batch_answer(struct batch *batch);

enum handled check_batch_post(struct request *request, void *context)
{
    struct batch *batch = ARENA_NEW(&request->arena, struct batch);

    batch->request = request;
    batch->api = context;
    batch_body_init(&batch->input, request->body);
    request_on_close(request, batch, batch_let_go_of_input);
    batch->work = (struct sliced){
        .tenant = request_app(request)->tenant,
        .cost = BATCH_STEP,
        .step = batch_step,
    };
    if (!batch_body_is_large(&batch->input))
        batch->work.cost = 1 + (uint32_t)(request->body.length / BATCH_BYTES_PER_CHECK);
    slices_begin(&batch->api->slices, &batch->work);
    return request->phase == REQUEST_ANSWERED ? HANDLED_NOW : HANDLED_LATER;
}

static bool batch_step(struct sliced *work)
{
    struct batch *batch = CONTAINER_OF(work, struct batch, work);

    if (batch->checks == NULL)
        return batch_read(batch);
    if (batch->begun < batch->count) {
        batch_begin_some(batch);
        return !batch_has_to_wait(batch);
    }
    batch_write_some(batch);
    if (batch->written < batch->count)
        return true;
    batch_answer(batch);
    return false;
}

/* False: the request has been answered. */
static bool batch_read(struct batch *batch)
{
    struct batch_body *input = &batch->input;

    switch (batch_body_read(input)) {
    case BATCH_BODY_MORE:
        return true;
    case BATCH_BODY_WRONG:
        problem_answer(batch->request, input->problem, "%s", input->error.message);
        return false;
    case BATCH_BODY_READ:
        break;
    }
    batch->checks = batch_open(batch);
    batch->count = json_array_size(batch->checks);
    if (batch->checks == NULL || !batch_is_lean(batch) || !batch_enter(batch)) {
        batch_let_go_of_input(batch);
        return false;
    }
    batch->items = ARENA_ARRAY(&batch->request->arena, struct batch_item, batch->count);
    batch->work.cost = BATCH_STEP;
    return true;
}

static void batch_let_go_of_input(void *context)
{
    struct batch *batch = context;

    batch_body_close(&batch->input);
}

static const json_t *batch_open(struct batch *batch)
{
    const json_t *checks = NULL;
    struct reading reading;

    if (!reading_open_document(&reading, batch->request, batch->input.tree))
        return NULL;
    form_array(&reading.form, "checks", FORM_REQUIRED, 1, BATCH_BODY_CHECKS_MAX, &checks);
    return reading_close(&reading) ? checks : NULL;
}

/* A batch takes places only for its checks, but each JSON value takes more than a hundred bytes
 * until the answer has left. So the values per check are bounded. */
static bool batch_is_lean(struct batch *batch)
{
    const size_t values_max = BATCH_VALUES_BESIDES + batch->count * BATCH_VALUES_PER_CHECK;

    if (document_values(batch->input.tree) <= values_max)
        return true;
    problem_answer(batch->request, PROBLEM_TOO_LARGE,
                   "The checks have more than %zu values: %d for each, and %d besides.", values_max,
                   BATCH_VALUES_PER_CHECK, BATCH_VALUES_BESIDES);
    return false;
}

/* A check holds a kilobyte or more until the store has answered and the client has read the
 * answer. */
static bool batch_enter(struct batch *batch)
{
    struct api *api = batch->api;

    if (!shares_take(&api->batch_checks, batch->work.tenant, (uint32_t)batch->count)) {
        metrics_count(api->metrics, METRIC_BATCHES_REFUSED);
        problem_answer(batch->request, PROBLEM_OVERLOADED, "Too many checks are under way.");
        return false;
    }
    request_on_end(batch->request, batch, batch_leave);
    return true;
}

static void batch_leave(void *context)
{
    struct batch *batch = context;

    shares_give(&batch->api->batch_checks, batch->work.tenant, (uint32_t)batch->count);
}

static void batch_begin_some(struct batch *batch)
{
    for (size_t i = 0; i < BATCH_STEP && batch->begun < batch->count; i++) {
        if (batch->in_flight == BATCH_IN_FLIGHT_MAX || !batch_begin_item(batch, batch->begun))
            break;
        batch->begun++;
    }
}

/* False: it is to be begun again, when the batch has looked again for policies. */
static bool batch_begin_item(struct batch *batch, size_t index)
{
    const json_t *value = json_array_get(batch->checks, index);
    struct batch_item *item = &batch->items[index];
    struct decision *decision = &item->decision;
    struct arena *arena = &batch->request->arena;
    WRITTEN_FIRST struct faults faults;
    char pointer[32];

    (void)snprintf(pointer, sizeof pointer, "/checks/%zu", index);
    decision->api = batch->api;
    decision->app = request_app(batch->request);
    decision->context = batch;
    faults_begin(&faults, BATCH_FAULTS_MAX);
    if (!batch_read_item(decision, value, pointer, arena, &faults)) {
        batch_refuse_item(item, &faults, arena);
        return true;
    }
    if (!decision_match(decision, arena))
        return !batch_look_again(batch);
    if (!decision_fits(decision, pointer, &faults, arena))
        batch_refuse_item(item, &faults, arena);
    else if (decision_take(decision, batch_on_decided) == HANDLED_LATER)
        batch->in_flight++;
    return true;
}

static bool batch_look_again(struct batch *batch)
{
    if (batch->has_looked_again)
        return false;
    batch->has_looked_again = true;
    batch->is_looking = second_look_begin(batch->request, batch->api, batch, batch_on_looked);
    return batch->is_looking;
}

static void batch_on_looked(void *context)
{
    struct batch *batch = context;

    batch->is_looking = false;
    slices_go_on(&batch->api->slices, &batch->work);
}

static bool batch_read_item(struct decision *decision, const json_t *value, const char *pointer,
                            struct arena *arena, struct faults *faults)
{
    struct form form;

    if (!form_open(&form, value, pointer, faults))
        return false;
    decision_read(decision, &form, arena);
    form_close_with(&form, member_aliases);
    return faults->count == 0;
}

static void batch_refuse_item(struct batch_item *item, const struct faults *faults,
                              struct arena *arena)
{
    item->faults = arena_allocate_raw(arena, faults_bytes(faults));
    memcpy(item->faults, faults, faults_bytes(faults));
}

/* Whether the batch must wait: for the second look, or for the store. For the store it waits when
 * as many checks as may be are in flight, and at the end for all. */
static bool batch_has_to_wait(const struct batch *batch)
{
    return batch->is_looking || batch->in_flight == BATCH_IN_FLIGHT_MAX ||
           (batch->begun == batch->count && batch->in_flight > 0);
}

static void batch_on_decided(struct decision *decision)
{
    struct batch *batch = decision->context;

    batch->in_flight--;
    if (!batch_has_to_wait(batch))
        slices_go_on(&batch->api->slices, &batch->work);
}

static void batch_write_some(struct batch *batch)
{
    if (batch->written == 0)
        batch_begin_answer(batch);
    for (size_t i = 0; i < BATCH_STEP && batch->written < batch->count; i++)
        batch_write_item(&batch->items[batch->written++], &batch->request->arena, &batch->writer);
}

static void batch_begin_answer(struct batch *batch)
{
    buffer_init(&batch->output, &batch->request->arena, 64 + batch->count * 320);
    writer_init(&batch->writer, &batch->output);
    writer_begin_object(&batch->writer, NULL);
    writer_begin_array(&batch->writer, "results");
}

static void batch_write_item(const struct batch_item *item, struct arena *arena,
                             struct writer *writer)
{
    writer_begin_object(writer, NULL);
    if (item->faults) {
        problem_write_faults(item->faults, writer);
    } else if (!item->decision.policy) {
        problem_write(PROBLEM_NO_POLICY, decision_no_policy(&item->decision, arena), writer);
    } else if (item->decision.end == DECISION_NO_ROOM) {
        problem_write(PROBLEM_QUOTA, decision_problem(&item->decision, arena), writer);
        writer_integer(writer, "retry_after", item->decision.room_s);
    } else {
        ASSERT(item->decision.end == DECISION_MADE);
        writer_integer(writer, "status", item->decision.verdict.allowed ? 200 : 429);
        decision_write(&item->decision, writer);
    }
    writer_end_object(writer);
}

static void batch_answer(struct batch *batch)
{
    writer_end_array(&batch->writer);
    writer_end_object(&batch->writer);
    request_answer_json(batch->request, 200, writer_document(&batch->writer));
}
