/* SPDX-License-Identifier: MIT */
#include "handling.h"

#include "api/api_settings.h"
#include "api/binding.h"
#include "api/decision.h"
#include "base/clock.h"
#include "base/document.h"
#include "catalogue/app_index.h"
#include "catalogue/catalogue.h"
#include "http/waiting_room.h"
#include "journal/journal.h"
#include "limit/algorithm.h"
#include "metrics/metrics.h"
#include "sample_policy.h"
#include "store/handback.h"
#include "support/cmocka.h"

#include <event2/event.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNTERS   1024
#define NAME_BYTES 160
/* The app's clock. It stands still, so a charge stays for the whole test. */
#define NOW_US INT64_C(1000000000)

static const char *const policies[] = {
    "{'route_key':'/local','limit':3,'window_seconds':3600}",
    "{'route_key':'/allow','limit':3,'window_seconds':3600,'on_store_error':'allow'}",
    "{'route_key':'/deny','limit':3,'window_seconds':3600,'on_store_error':'deny'}",
    "{'route_key':'/both','limit':3,'window_seconds':3600,'candidate':{'rate':'2/m'}}",
    "{'route_key':'/queue','algorithm':'leaky_bucket','rate':'20/s'}",
    "{'route_key':'/low','algorithm':'token_bucket','rate':'10/h','headroom':9}",
    "{'route_key':'/off','limit':3,'window_seconds':3600,'is_active':false}",
    "{'route_key':'/month','limit':3,'period':'month','candidate':{'limit':2,'period':'hour'}}",
    "{'route_key':'/mars','limit':3,'period':'month','zone':'Mars/Olympus'}",
};

static struct app *app;
static struct key_digest key; /* of all requests */
static struct metrics metrics;
static const struct api_settings settings = {.registers = REGISTRATION_OPEN};
static struct event_base *base;
static struct api api = {.settings = &settings, .metrics = &metrics};
static struct handling *running;
static struct handling *asking; /* whose handler has run last */
static char name_space[NAME_BYTES];
static struct handbacks handbacks;
static int64_t clock_us;
static int64_t step_us;

static int64_t clock_of_the_test(void);
static struct app *make_app(const char *more);
static void open_index(void);
static void run(struct handling *handling, handling_fn *handler, const char *quoted,
                const struct fake_pair *arguments);
static void look_make(struct binding *look, const char *user_id, const char *route, bool candidate);
static int64_t charged_in(struct memory_table *table, const char *user_id, const char *route,
                          bool candidate);

void handling_begin(struct handling *handling, size_t places, const char *name, ...)
{
    va_list arguments;

    if (app == NULL)
        open_index();
    va_start(arguments, name);
    (void)vsnprintf(name_space, sizeof name_space, name, arguments);
    va_end(arguments);
    *handling = (struct handling){.name = name_space};
    running = handling;
    fake_store_open(&handling->fake);
    api.store = &handling->fake.store;
    api.local = memory_table_new(COUNTERS);
    api.own_limits = memory_table_new(COUNTERS);
    api.handback = handback_new(base, &metrics);
    handbacks = (struct handbacks){0};
    api.handbacks = &handbacks;
    handback_join(api.handback, &handbacks);
    api.waiting_room = waiting_room_new(base, places);
    shares_init(&api.batch_checks, HANDLING_BATCH_CHECKS);
    slices_init(&api.slices, clock_of_the_test);
    step_us = 0;
    app->tenant = 0;
    atomic_store(&app->is_replaced, false);
    api.now_us = NOW_US;
    api.wall_ahead_us = clock_wall_us() - clock_monotonic_us();
    api.store_ahead_us = 0;
}

void handling_end(struct handling *handling)
{
    HANDLING_EXPECT(handling, waiting_room_taken(api.waiting_room) == 0);
    HANDLING_EXPECT(handling, api.batch_checks.taken == 0);
    json_decref(handling->body);
    slices_close(&api.slices);
    shares_close(&api.batch_checks);
    waiting_room_free(api.waiting_room);
    fake_store_close(&handling->fake);
    handback_free(api.handback);
    memory_table_free(api.local);
    memory_table_free(api.own_limits);
    app_index_begin_epoch(api.index);
    app_index_end_epoch(api.index);
}

void handling_join(struct handling *other, const struct handling *handling, uint32_t tenant)
{
    *other = (struct handling){.name = handling->name};
    app->tenant = tenant;
}

void handling_part(struct handling *other)
{
    json_decref(other->body);
}

void handling_slow_down(int64_t us)
{
    step_us = us;
}

void handling_turn(void)
{
    slices_turn(&api.slices);
}

void handling_run(struct handling *handling, handling_fn *handler, const char *quoted)
{
    run(handling, handler, quoted, NULL);
}

void handling_get(struct handling *handling, handling_fn *handler,
                  const struct fake_pair *arguments)
{
    run(handling, handler, "", arguments);
}

bool handling_is_answered(const struct handling *handling)
{
    return handling->exchange.request.phase == REQUEST_ANSWERED;
}

void handling_wait(struct handling *handling)
{
    while (!handling_is_answered(handling))
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

void handling_settle(struct handling *handling)
{
    struct request *request = &handling->exchange.request;
    struct error error = {0};

    handling_turn();
    HANDLING_EXPECT(handling, handling_is_answered(handling));
    HANDLING_EXPECT(handling, handling->exchange.resumed == !handling->answers_at_once);
    handling->status = request->response.status;
    json_decref(handling->body);
    handling->body = document_parse(request->response.body, &error);
    HANDLING_EXPECT(handling, json_is_object(handling->body));
    request_close(request);
    (void)close(handling->exchange.socket);
    if (handling->client >= 0)
        (void)close(handling->client);
}

void handling_renew(struct handling *handling, enum catalogue_status status, bool is_in_vain)
{
    struct catalogue_job *job = handling->renewal;

    handling->renewal = NULL;
    job->status = status;
    job->is_in_vain = is_in_vain;
    job->done(job);
}

void handling_change(enum app_state state, uint8_t first, const char *policy)
{
    struct app *changed = make_app(policy);

    changed->state = state;
    changed->revision = 1;
    changed->key_count = 1;
    changed->keys[0].bytes[0] = first;
    app_index_publish_give(api.index, changed);
    atomic_store(&app->is_replaced, true); /* It is not in the index, which would do so. */
}

uint64_t handling_figure(enum metric metric)
{
    return figure_get(&metrics.figures[metric]);
}

void handling_pass(int64_t us)
{
    api.now_us += us;
}

void handling_set_clock(void)
{
    api.now_us = clock_monotonic_us();
}

void handling_leave(struct handling *handling)
{
    (void)close(handling->client);
    handling->client = -1;
}

void handling_drain_room(struct handling *handling)
{
    (void)handling;
    waiting_room_drain(api.waiting_room);
}

size_t handling_places(const struct handling *handling)
{
    (void)handling;
    return waiting_room_taken(api.waiting_room);
}

int64_t handling_charged(struct handling *handling, const char *user_id, const char *route,
                         bool candidate)
{
    return charged_in(handling->fake.table, user_id, route, candidate);
}

int64_t handling_charged_here(const char *user_id, const char *route)
{
    return charged_in(api.local, user_id, route, false);
}

void handling_hand_back(struct handling *handling)
{
    handling->fake.is_over = false;
    handling->fake.answer_count = 0;
    handback_run(api.handback, api.store, api.now_us);
    HANDLING_EXPECT(handling, handback_count(api.handback) == 0);
}

void handling_fill_notes(void)
{
    WRITTEN_FIRST struct binding charge;
    char user_id[TEXT_INTEGER_BYTES_MAX + 1];
    int number = 0;

    do {
        (void)snprintf(user_id, sizeof(user_id), "%d", number++);
        look_make(&charge, user_id, "/local", false);
        charge.operation.kind = OPERATION_CHARGE;
        charge.operation.costs[0] = 1;
    } while (handback_note(api.handback, &charge.operation));
}

void handling_expect(const struct handling *handling, bool holds, const char *claim)
{
    if (!holds)
        fail_msg("%s: does not hold: %s", handling->name, claim);
}

/* It is read before and after each step. */
static int64_t clock_of_the_test(void)
{
    return clock_us += step_us;
}

static void open_index(void)
{
    static const struct pepper pepper;

    assert_true(sodium_init() >= 0);
    base = event_base_new();
    api.index = app_index_new();
    app_index_set_pepper(api.index, &pepper);
    app = make_app(NULL);
}

/* `more` may be NULL. */
static struct app *make_app(const char *more)
{
    struct policy *made[ARRAY_COUNT(policies) + 1];
    const size_t count = ARRAY_COUNT(policies) + (more != NULL);
    struct app *new = app_new();

    memcpy(new->id, "app_000000000000", sizeof new->id);
    for (size_t i = 0; i < count; i++) {
        made[i] = sample_policy(&new->arena, i < ARRAY_COUNT(policies) ? policies[i] : more);
        made[i]->id = i + 1;
        made[i]->version = 1;
    }
    new->policies = policy_set_new(&new->arena, made, count);
    return new;
}

int handling_close(void **state)
{
    (void)state;
    app_release(app);
    app_index_free(api.index);
    event_base_free(base);
    return 0;
}

static void run(struct handling *handling, handling_fn *handler, const char *quoted,
                const struct fake_pair *arguments)
{
    struct request *request = &handling->exchange.request;
    int ends[2];

    fake_begin(&handling->exchange, NULL, arguments);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    handling->exchange.socket = ends[0];
    handling->client = ends[1];
    request->body = text_copy(&request->arena, text_of(quoted));
    for (char *at = strchr((char *)(uintptr_t)request->body.at, '\''); at; at = strchr(at, '\''))
        *at = '"';
    request->principal = app;
    request->credentials = &key;
    asking = handling;
    handling->answers_at_once = handler(request, &api) == HANDLED_NOW;
    HANDLING_EXPECT(handling, handling_is_answered(handling) == handling->answers_at_once);
    if (!handling->answers_at_once)
        request_set_phase(request, REQUEST_WAITING);
}

/* At what a handler would take. */
static void look_make(struct binding *look, const char *user_id, const char *route, bool candidate)
{
    const struct subject user = {.name = TEXT("user"), .value = text_of(user_id)};
    struct decision decision = {
        .api = &api,
        .app = app,
        .subjects = {.count = 1, .at = &user},
        .route_key = text_of(route),
        .role = TEXT(POLICY_ROLE_DEFAULT),
    };
    struct arena arena = {0};

    assert_true(decision_match(&decision, &arena));
    const bool is_exact =
        binding_make(&decision, candidate ? decision.policy->candidate : &decision.policy->rule,
                     OPERATION_LOOK, look);
    assert_int_equal(is_exact, strcmp(route, "/mars") != 0);
    arena_close(&arena);
}

static int64_t charged_in(struct memory_table *table, const char *user_id, const char *route,
                          bool candidate)
{
    struct binding look;
    struct outcome outcome;

    look_make(&look, user_id, route, candidate);
    memory_table_ask(table, &look.operation, &outcome);
    return limit_capacity(&look.operation.limits[0]) - outcome.at[0].remaining;
}

/* These replace src/journal/journal.c and, with support/whole_catalogue.c,
 * src/catalogue/catalogue.c. */

bool catalogue_submit(struct catalogue *catalogue, struct catalogue_job *job)
{
    (void)catalogue;
    assert_int_equal(job->kind, CATALOGUE_APP_RENEW);
    if (!asking->takes_renewals)
        return false;
    assert_null(asking->renewal);
    asking->renewal = job;
    asking->renewals++;
    return true;
}

struct journal_app *journal_app(struct journal *journal, const char *app_id)
{
    (void)journal;
    assert_string_equal(app_id, app->id);
    return (struct journal_app *)(void *)app;
}

void journal_prefetch(const struct journal_app *journal)
{
    (void)journal;
}

void journal_record(struct journal_app *journal, const struct record *record)
{
    assert_ptr_equal(journal, app);
    running->records++;
    running->records_allowed += record->allowed;
    running->records_degraded += record->degraded;
    running->records_tried += record->candidate.is_there;
    running->time_us = record->time_us;
    running->counted_us = record->counted_us;
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
    (void)journal;
    (void)job;
    fail_msg("no handler here asks the journal");
    return false;
}
