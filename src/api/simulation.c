/* SPDX-License-Identifier: MIT
 *
 * POST /policy/simulate: what a policy would have said of the entries in the app's log, and what
 * was said of them. Nothing live is read or charged (api/replay.h).
 *
 * The journal gives the whole log. Then the entries are replayed in steps (base/slices.h). Those
 * before the window are replayed too, so that counters are not empty when it begins, and are not
 * counted. */
#include "api/ask.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "api/replay_report.h"
#include "api/span.h"
#include "catalogue/policy_zones.h"
#include "http/problem.h"
#include "metrics/metrics.h"

#define POLICY_MEMBER   "policy"
#define WINDOW_DAYS_MAX 7 /* and the default */
/* Entries per step. One takes some microseconds, by a policy with eight limits some tens. */
#define SIMULATION_STEP (SLICE_QUANTUM / 4)

struct simulation {
    struct sliced work;
    struct journal_job job;
    struct request *request;
    struct api *api;
    struct policy *policy;
    int64_t window_minutes;
    uint32_t places;
    bool has_begun;
    size_t first; /* entry in the window */
    size_t next;
    struct replay replay;
    struct replay_report report;
};

static bool simulation_read(struct simulation *simulation);
static void read_policy(struct simulation *simulation, struct form *form);
static bool simulation_enter(struct simulation *simulation);
static uint32_t places_of(const struct api *api);
static void simulation_leave(void *context);
static void simulation_on_read(struct journal_job *job);
static slice_step_fn simulation_step;
static void simulation_begin(struct simulation *simulation);
static void simulation_replay_some(struct simulation *simulation);
static void simulation_answer(struct simulation *simulation);
static void write_seconds(const struct log_entry *entry, const char *key, struct writer *writer);

enum handled simulation_post(struct request *request, void *context)
{
    struct simulation *simulation = ARENA_NEW(&request->arena, struct simulation);
    const struct app *app = request_app(request);

    simulation->work = (struct sliced){
        .tenant = app->tenant,
        .cost = SIMULATION_STEP,
        .step = simulation_step,
    };
    simulation->request = request;
    simulation->api = context;
    if (!simulation_read(simulation) || !simulation_enter(simulation))
        return HANDLED_NOW;
    simulation->job.asks = JOURNAL_ENTRIES;
    return ask_journal(request, simulation->api, &simulation->job, simulation, simulation_on_read);
}

static bool simulation_read(struct simulation *simulation)
{
    const json_t *body = reading_parse_body(simulation->request);
    struct reading reading;

    if (body == NULL || !reading_open_document(&reading, simulation->request, body))
        return false;
    simulation->window_minutes = WINDOW_DAYS_MAX * DAY_MINUTES;
    read_policy(simulation, &reading.form);
    span_read(&reading.form, "window", WINDOW_DAYS_MAX, &simulation->window_minutes);
    return reading_close(&reading);
}

/* The id is that of the policy that it would replace, and the version is the next one. */
static void read_policy(struct simulation *simulation, struct form *form)
{
    const struct policy_set *policies = request_app(simulation->request)->policies;
    const json_t *value;

    if (!form_object(form, POLICY_MEMBER, FORM_REQUIRED, &value))
        return;

    const char *pointer = request_printf(simulation->request, "/%s", POLICY_MEMBER);
    struct policy *policy = policy_read(value, pointer, &simulation->request->arena, form->faults);

    if (policy == NULL)
        return;
    policy_zones_check(policy, pointer, form->faults);

    const struct policy *saved = policy_set_find(policies, &policy->identity);

    policy->id = saved == NULL ? 0 : saved->id;
    policy->version = saved == NULL ? 1 : saved->version + 1;
    simulation->policy = policy;
}

/* An entry holds as much as a check of a batch, so each takes a place like that, from before it is
 * read until the answer has left. False: there is no room, and the request has been answered. */
static bool simulation_enter(struct simulation *simulation)
{
    struct request *request = simulation->request;
    struct api *api = simulation->api;

    simulation->places = places_of(api);
    if (!shares_take(&api->batch_checks, simulation->work.tenant, simulation->places)) {
        metrics_count(api->metrics, METRIC_BATCHES_REFUSED);
        problem_answer(request, PROBLEM_OVERLOADED, "Too many checks are under way.");
        return false;
    }
    replay_init(&simulation->replay, api, request_app(request), simulation->policy);
    request_on_end(request, simulation, simulation_leave);
    return true;
}

/* At most a quarter of all. Otherwise, where there are few, one app's simulation would take them
 * all, and a loop of those would keep every other app out. */
static uint32_t places_of(const struct api *api)
{
    const size_t places = api->batch_checks.places;

    if (places < 4)
        return 1;
    return places / 4 < JOURNAL_RECORDS ? (uint32_t)(places / 4) : JOURNAL_RECORDS;
}

static void simulation_leave(void *context)
{
    struct simulation *simulation = context;

    replay_close(&simulation->replay);
    shares_give(&simulation->api->batch_checks, simulation->work.tenant, simulation->places);
}

static void simulation_on_read(struct journal_job *job)
{
    struct simulation *simulation = job->context;

    if (job->available)
        slices_put(&simulation->api->slices, &simulation->work);
    else
        problem_answer(simulation->request, PROBLEM_UNAVAILABLE,
                       "The log cannot be read at present.");
}

static bool simulation_step(struct sliced *work)
{
    struct simulation *simulation = CONTAINER_OF(work, struct simulation, work);

    if (!simulation->has_begun) {
        simulation_begin(simulation);
        return true;
    }
    if (simulation->next < simulation->job.entries.count) {
        simulation_replay_some(simulation);
        return true;
    }
    simulation_answer(simulation);
    return false;
}

/* The window ends with the newest entry, so that no other clock than the log's own matters. */
static void simulation_begin(struct simulation *simulation)
{
    const struct log_entries *entries = &simulation->job.entries;
    const int64_t window_us = simulation->window_minutes * MINUTE_US;

    while (simulation->first < entries->count &&
           entries->at[entries->count - 1].in_order_us -
                   entries->at[simulation->first].in_order_us >=
               window_us)
        simulation->first++;
    replay_report_init(&simulation->report, simulation->policy, entries->at + simulation->first,
                       entries->count - simulation->first, &simulation->request->arena);
    simulation->has_begun = true;
}

static void simulation_replay_some(struct simulation *simulation)
{
    const struct log_entries *entries = &simulation->job.entries;

    for (size_t i = 0; i < SIMULATION_STEP && simulation->next < entries->count; i++) {
        const struct log_entry *entry = &entries->at[simulation->next];
        struct replay_outcome outcome;
        const enum replay_end end = replay_entry(&simulation->replay, &entry->record, &outcome);

        if (simulation->next++ >= simulation->first)
            replay_report_add(&simulation->report, entry, end, &outcome);
    }
}

static void simulation_answer(struct simulation *simulation)
{
    const struct log_entries *entries = &simulation->job.entries;
    const bool has_entries = entries->count > 0;
    struct buffer body;
    struct writer writer;

    buffer_init(&body, &simulation->request->arena, 4096);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    policy_write(simulation->policy, &writer, POLICY_MEMBER);
    write_seconds(has_entries ? &entries->at[simulation->first] : NULL, "from", &writer);
    write_seconds(has_entries ? &entries->at[entries->count - 1] : NULL, "to", &writer);
    write_seconds(has_entries ? &entries->at[0] : NULL, "log_reaches_back_to", &writer);
    writer_integer(&writer, "log_missing", (int64_t)entries->missing);
    writer_bool(&writer, "degraded", entries->degraded);
    replay_report_write(&simulation->report, &writer);
    writer_end_object(&writer);
    request_answer_json(simulation->request, 200, writer_document(&writer));
}

/* NULL: there is none. */
static void write_seconds(const struct log_entry *entry, const char *key, struct writer *writer)
{
    if (entry == NULL)
        writer_null(writer, key);
    else
        writer_integer(writer, key, entry->in_order_us / SECOND_US);
}
