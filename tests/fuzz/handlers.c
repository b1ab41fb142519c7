/* SPDX-License-Identifier: MIT */
#include "handlers.h"

#include "api/api_settings.h"
#include "base/document.h"
#include "base/duration.h"
#include "base/log.h"
#include "canonical.h"
#include "catalogue/catalogue.h"
#include "http/waiting_room.h"
#include "journal/journal.h"
#include "limit/word.h"
#include "metrics/metrics.h"
#include "store/handback.h"
#include "store/store_memory.h"

#include <event2/event.h>
#include <sodium.h>

#define COUNTERS 1024
#define ENTRIES  UINT64_C(60) /* of the log */

/* No policy below counts for longer. The clock stays where doubles are exact. */
#define EXPIRY_US HOUR_US
#define CLOCK_MAX (LIMIT_COST_MAX / 2)

static const char policies_text[] =
    "[{\"route_key\":\"*\",\"limit\":2,\"window_seconds\":60},"
    "{\"route_key\":\"/b*\",\"algorithm\":\"token_bucket\",\"rate\":\"5/m\",\"burst\":9,"
    "\"candidate\":{\"limit\":1,\"window_seconds\":1}},"
    "{\"route_key\":\"/c\",\"limits\":[{\"name\":\"a\",\"algorithm\":\"leaky_bucket\","
    "\"rate\":\"3/s\"},{\"name\":\"b\",\"algorithm\":\"sliding_window_log\",\"rate\":\"9/m\"}]},"
    "{\"route_key\":\"/d\",\"mode\":\"shadow\",\"algorithm\":\"sliding_window\",\"rate\":\"0/m\"},"
    "{\"route_key\":\"/e\",\"user_id\":\"u1\",\"is_active\":false,\"rate\":\"1/s\"},"
    "{\"route_key\":\"/f\",\"limits\":[{\"name\":\"a\",\"by\":[\"org\",\"user\"],\"rate\":\"3/s\"},"
    "{\"name\":\"b\",\"by\":\"org\",\"counts\":\"tokens\",\"rate\":\"100/m\"},"
    "{\"name\":\"c\",\"by\":[],\"counts\":\"tokens\",\"rate\":\"150/m\"}]},"
    "{\"route_key\":\"/g\",\"limits\":[{\"name\":\"a\",\"rate\":\"3/s\"},"
    "{\"name\":\"b\",\"by\":\"ip\",\"rate\":\"5/m\"}],"
    "\"candidate\":{\"by\":\"org\",\"rate\":\"1/m\"}},"
    "{\"route_key\":\"/h\",\"headroom\":\"50%\",\"rate\":\"4/m\","
    "\"candidate\":{\"algorithm\":\"token_bucket\",\"rate\":\"5/m\",\"headroom\":3}},"
    "{\"route_key\":\"/f\",\"subject\":{\"org\":\"o1\"},\"by\":\"org\",\"rate\":\"1/m\"}]";

static struct api_settings settings = {.registers = REGISTRATION_OPEN};
static struct metrics metrics;
static struct handbacks handbacks;
static struct api api = {.settings = &settings, .metrics = &metrics, .handbacks = &handbacks};
static struct app *app;
static struct catalogue_job *catalogue_asked; /* what the present handler has asked */
static struct journal_job *journal_asked;

static int64_t clock_stands_still(void);
static void app_make(void);
static void counters_expire(void);
static void answer_later(struct request *request);
static void entries_make(struct journal_job *job);

void handlers_init(void)
{
    static const struct pepper pepper;

    ASSERT(sodium_init() >= 0);
    log_set_level(LOG_ERROR);
    api.index = app_index_new();
    app_index_set_pepper(api.index, &pepper);
    api.own_limits = memory_table_new(COUNTERS);
    api.waiting_room = waiting_room_new(event_base_new(), 0);
    shares_init(&api.batch_checks, 1);
    slices_init(&api.slices, clock_stands_still);
    app_make();
}

void handlers_run(handler_fn *handler, struct text body, const struct fake_pair *arguments,
                  const void *context, handler_check_fn *check)
{
    static struct key_digest credentials;
    struct fake_exchange exchange;

    counters_expire();
    fake_begin(&exchange, NULL, arguments);
    exchange.request.body = body;
    exchange.request.principal = app;
    exchange.request.credentials = &credentials;
    if (handler(&exchange.request, &api) == HANDLED_LATER)
        answer_later(&exchange.request);
    ASSERT(exchange.request.phase == REQUEST_ANSWERED);
    check(&exchange.request, context);
    request_close(&exchange.request);
}

/* So all work that is begun is finished at once. */
static int64_t clock_stands_still(void)
{
    return 0;
}

static void app_make(void)
{
    struct policy *policies[16];
    struct faults faults = {0};
    struct error error;
    json_t *list = document_parse(text_of(policies_text), &error);
    size_t count = json_array_size(list);

    ASSERT(count <= ARRAY_COUNT(policies));
    app = app_new();
    memcpy(app->id, "app_000000000000", sizeof app->id);
    for (size_t i = 0; i < count; i++) {
        policies[i] = policy_read(json_array_get(list, i), "", &app->arena, &faults);
        ASSERT(policies[i] != NULL);
        policies[i]->id = i + 1;
        policies[i]->version = 1;
    }
    json_decref(list);
    app->policies = policy_set_new(&app->arena, policies, count);
}

static void counters_expire(void)
{
    if (api.store == NULL) {
        api.local = memory_table_new(COUNTERS);
        api.store = store_memory_new(api.local);
    }
    api.now_us += EXPIRY_US;
    if (api.now_us < CLOCK_MAX)
        return;
    store_free(api.store);
    memory_table_free(api.local);
    api.store = NULL;
    api.now_us = 0;
    counters_expire();
}

static void answer_later(struct request *request)
{
    request_set_phase(request, REQUEST_WAITING);
    if (catalogue_asked != NULL)
        catalogue_asked->done(catalogue_asked);
    if (journal_asked != NULL)
        journal_asked->done(journal_asked);
    slices_turn(&api.slices);
    catalogue_asked = NULL;
    journal_asked = NULL;
}

/* A second apart, of each kind in turn. */
static void entries_make(struct journal_job *job)
{
    static const char *const routes[] = {"/a", "/b", "/c", "/d", "/f"};
    static const struct measured tokens = {{"tokens", 6}, 3};
    static const struct subject subjects[] = {{{"org", 3}, {"o1", 2}}, {{"user", 4}, {"u1", 2}}};
    static const struct limit_override override = {{"default", 7}, 5};

    log_entries_init(&job->entries, job->arena);
    for (uint64_t i = 0; i < ENTRIES; i++) {
        const struct entry_id id = {1, i + 2};
        const struct record record = {
            .time_us = (int64_t)(i + 1) * SECOND_US,
            .subjects = {ARRAY_COUNT(subjects) - i % 2, &subjects[i % 2]},
            .route = text_of(routes[i % ARRAY_COUNT(routes)]),
            .role = TEXT("default"),
            .costs = {(int64_t)(i % 3), i % 4 > 0, &tokens},
            .overrides = &override,
            .override_count = i % 7 == 0,
            .is_low = i % 4 == 0,
            .is_partial = i % 5 == 0,
            .is_charge = i % 6 == 0,
            .allowed = i % 3 > 0,
            .mode = "enforce",
        };
        const bool has_room = log_entries_add(&job->entries, &id, &record);

        ASSERT(has_room);
    }
    log_entries_settle(&job->entries, LOG_ORDER_AS_DECIDED);
}

/* Replaces src/catalogue/catalogue.c, together with support/whole_catalogue.c. */

bool catalogue_submit(struct catalogue *catalogue, struct catalogue_job *job)
{
    (void)catalogue;
    if (job->kind == CATALOGUE_POLICY_SAVE) {
        job->policy->id = 1;
        job->policy->version = 1;
        canonical_check(job->policy);
    }
    job->status = job->kind == CATALOGUE_POLICY_REMOVE ? CATALOGUE_OK : CATALOGUE_CREATED;
    catalogue_asked = job;
    return true;
}

/* Replaces src/journal/journal.c. */

struct journal_app *journal_app(struct journal *journal, const char *app_id)
{
    (void)journal;
    ASSERT(strcmp(app_id, app->id) == 0);
    return (struct journal_app *)(void *)app;
}

void journal_prefetch(const struct journal_app *journal)
{
    ASSERT(journal == NULL || (const struct app *)(const void *)journal == app);
}

void journal_record(struct journal_app *journal, const struct record *record)
{
    ASSERT((struct app *)(void *)journal == app);
    ASSERT(record->subjects.count >= 1 && record->subjects.count <= SUBJECTS_MAX);
    ASSERT(record->costs.count <= COSTS_MAX && record->denied_by.count <= LIMITS_MAX);
    ASSERT(record->route.length > 0 && record->role.length > 0);
    ASSERT(record->costs.requests >= 0 && record->costs.requests <= LIMIT_COST_MAX);
    ASSERT(record->remaining >= -1);
}

struct journal_counts journal_counts(const struct journal *journal)
{
    (void)journal;
    return (struct journal_counts){0};
}

struct tails *journal_tails(struct journal *journal)
{
    (void)journal;
    return NULL;
}

bool journal_submit(struct journal *journal, struct journal_job *job)
{
    const struct record_filter *filter = &job->filter;

    (void)journal;
    ASSERT(job->asks != JOURNAL_LOG || (filter->limit >= 1 && filter->limit <= JOURNAL_RECORDS));
    ASSERT(text_is_absent(filter->route_key) || filter->route_key.length > 0);
    ASSERT(filter->subjects.count <= SUBJECTS_MAX);
    for (size_t i = 0; i < filter->subjects.count; i++)
        ASSERT(word_is(filter->subjects.at[i].name) && filter->subjects.at[i].value.length > 0);
    job->available = true;
    job->answer = TEXT("[]");
    if (job->asks == JOURNAL_ENTRIES)
        entries_make(job);
    journal_asked = job;
    return true;
}
