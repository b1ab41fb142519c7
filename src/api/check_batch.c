/* SPDX-License-Identifier: MIT
 *
 * POST /check/batch: up to 1,000 checks, decided in order, answered together. Each has its own
 * status: one that is wrong does not spoil the others. */
#include "api/decision.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "http/problem.h"
#include "metrics/metrics.h"

#define BATCH_CHECKS_MAX 1000
/* Asked of the store at once, so that each check's deadline covers little more than itself, and the
 * checks of others need not wait for a whole batch. */
#define BATCH_IN_FLIGHT_MAX 32
/* Kept of each check. */
#define BATCH_FAULTS_MAX 4

struct batch_item {
    struct decision decision;
    struct faults *faults; /* NULL when the item is well-formed */
};

struct batch {
    struct request *request;
    struct api *api;
    const json_t *checks;
    size_t count;
    size_t begun;
    size_t in_flight;
    struct batch_item *items;
};

static const json_t *batch_read(struct request *request);
static bool batch_enter(struct batch *batch);
static void batch_leave(void *context);
static void batch_go_on(struct batch *batch);
static void batch_begin_item(struct batch *batch, size_t index);
static bool batch_read_item(struct decision *decision, const json_t *value, size_t index,
                            struct arena *arena, struct faults *faults);
static void batch_on_decided(struct decision *decision);
static void batch_answer(struct batch *batch);
static void batch_write_item(const struct batch_item *item, struct writer *writer);

enum handled check_batch_post(struct request *request, void *context)
{
    struct batch *batch = ARENA_NEW(&request->arena, struct batch);

    batch->checks = batch_read(request);
    if (!batch->checks)
        return HANDLED_NOW;
    batch->request = request;
    batch->api = context;
    batch->count = json_array_size(batch->checks);
    if (!batch_enter(batch))
        return HANDLED_NOW;
    batch->items = ARENA_ARRAY(&request->arena, struct batch_item, batch->count);
    batch_go_on(batch);
    if (batch->in_flight > 0)
        return HANDLED_LATER;
    batch_answer(batch);
    return HANDLED_NOW;
}

static const json_t *batch_read(struct request *request)
{
    const json_t *checks = NULL;
    struct reading reading;

    if (!reading_open_body(&reading, request))
        return NULL;
    form_array(&reading.form, "checks", FORM_REQUIRED, 1, BATCH_CHECKS_MAX, &checks);
    return reading_close(&reading) ? checks : NULL;
}

/* A check takes a kilobyte or more, and as long as the store lets the batch wait, or the client its
 * answer. */
static bool batch_enter(struct batch *batch)
{
    struct api *api = batch->api;

    if (api->batch_checks > 0 && api->batch_checks + batch->count > api->batch_checks_max) {
        metrics_count(api->metrics, METRIC_BATCHES_REFUSED);
        problem_answer(batch->request, PROBLEM_OVERLOADED, "Too many checks are under way.");
        return false;
    }
    api->batch_checks += batch->count;
    request_on_end(batch->request, batch, batch_leave);
    return true;
}

static void batch_leave(void *context)
{
    struct batch *batch = context;

    batch->api->batch_checks -= batch->count;
}

static void batch_go_on(struct batch *batch)
{
    while (batch->begun < batch->count && batch->in_flight < BATCH_IN_FLIGHT_MAX)
        batch_begin_item(batch, batch->begun++);
}

static void batch_begin_item(struct batch *batch, size_t index)
{
    const json_t *value = json_array_get(batch->checks, index);
    struct batch_item *item = &batch->items[index];
    struct decision *decision = &item->decision;
    struct arena *arena = &batch->request->arena;
    WRITTEN_FIRST struct faults faults;

    decision->api = batch->api;
    decision->app = request_app(batch->request);
    decision->context = batch;
    faults.count = 0;
    if (!batch_read_item(decision, value, index, arena, &faults)) {
        if (faults.count > BATCH_FAULTS_MAX)
            faults.count = BATCH_FAULTS_MAX;
        item->faults = arena_allocate_raw(arena, faults_bytes(&faults));
        memcpy(item->faults, &faults, faults_bytes(&faults));
        return;
    }
    if (decision_match(decision, arena) &&
        decision_take(decision, batch_on_decided) == HANDLED_LATER)
        batch->in_flight++;
}

static bool batch_read_item(struct decision *decision, const json_t *value, size_t index,
                            struct arena *arena, struct faults *faults)
{
    struct form form;
    char pointer[32];

    snprintf(pointer, sizeof pointer, "/checks/%zu", index);
    if (!form_open(&form, value, pointer, faults))
        return false;
    decision_read(decision, &form, arena);
    form_close(&form);
    return faults->count == 0;
}

static void batch_on_decided(struct decision *decision)
{
    struct batch *batch = decision->context;

    batch->in_flight--;
    batch_go_on(batch);
    if (batch->in_flight == 0)
        batch_answer(batch);
}

static void batch_answer(struct batch *batch)
{
    struct buffer body;
    struct writer writer;

    buffer_init(&body, &batch->request->arena, 64 + batch->count * 320);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    writer_begin_array(&writer, "results");
    for (size_t i = 0; i < batch->count; i++)
        batch_write_item(&batch->items[i], &writer);
    writer_end_array(&writer);
    writer_end_object(&writer);
    request_answer_json(batch->request, 200, buffer_text(&body));
}

static void batch_write_item(const struct batch_item *item, struct writer *writer)
{
    writer_begin_object(writer, NULL);
    if (item->faults) {
        problem_write_faults(item->faults, writer);
    } else if (!item->decision.policy) {
        problem_write(PROBLEM_NO_POLICY, decision_no_policy, writer);
    } else {
        writer_integer(writer, "status", item->decision.verdict.allowed ? 200 : 429);
        decision_write(&item->decision, writer);
    }
    writer_end_object(writer);
}
