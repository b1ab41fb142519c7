/* SPDX-License-Identifier: MIT
 *
 * The handler of POST /policy/simulate. The test is the journal. */
#include "api/handlers.h"
#include "base/document.h"
#include "base/duration.h"
#include "fake_transport.h"
#include "journal/journal.h"
#include "metrics/metrics.h"
#include "replaying.h"
#include "support/cmocka.h"

#define TENANT  1
#define ANOTHER 2
#define THIRD   3
#define PLACES  ((size_t)4 * JOURNAL_RECORDS)

static const char body[] = "{\"policy\":{\"route_key\":\"/a\",\"limit\":3,\"window_seconds\":3600},"
                           "\"window\":\"15m\"}";
static const char *const policies[] = {"{'route_key':'/a','limit':9,'window_seconds':3600}", NULL};

static struct replaying world;
static struct metrics metrics;
static bool journal_takes_jobs;
static struct journal_job *asked;
static int64_t now_us;
static int64_t step_us;
static bool is_log_degraded;

bool journal_submit(struct journal *journal, struct journal_job *job)
{
    (void)journal;
    if (journal_takes_jobs)
        asked = job;
    return journal_takes_jobs;
}

/* Nothing is decided here, so nothing asks the journal for more. */
struct journal_app *journal_app(struct journal *journal, const char *app_id)
{
    (void)journal;
    (void)app_id;
    fail_msg("a simulation is no decision");
    return NULL;
}

void journal_prefetch(const struct journal_app *app)
{
    (void)app;
}

void journal_record(struct journal_app *app, const struct record *record)
{
    (void)app;
    (void)record;
    fail_msg("a simulation is not recorded");
}

struct tails *journal_tails(struct journal *journal)
{
    (void)journal;
    fail_msg("a simulation follows no log");
    return NULL;
}

struct journal_counts journal_counts(const struct journal *journal)
{
    (void)journal;
    return (struct journal_counts){0};
}

/* The code reads it before and after each step. */
static int64_t clock_of_the_test(void)
{
    return now_us += step_us;
}

static int set_up(void **state)
{
    (void)state;
    replaying_open(&world, policies);
    world.api.metrics = &metrics;
    shares_init(&world.api.batch_checks, PLACES);
    slices_init(&world.api.slices, clock_of_the_test);
    world.app->tenant = TENANT;
    journal_takes_jobs = true;
    asked = NULL;
    step_us = 0;
    is_log_degraded = false;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(world.api.batch_checks.taken, 0);
    slices_close(&world.api.slices);
    shares_close(&world.api.batch_checks);
    replaying_close(&world);
    return 0;
}

static bool is_answered(const struct fake_exchange *exchange)
{
    return exchange->request.phase == REQUEST_ANSWERED;
}

static void ask(struct fake_exchange *exchange)
{
    fake_begin(exchange, NULL, NULL);
    exchange->request.principal = world.app;
    exchange->request.body = TEXT(body);
    if (simulation_post(&exchange->request, &world.api) == HANDLED_LATER)
        request_set_phase(&exchange->request, REQUEST_WAITING);
    else
        assert_true(is_answered(exchange));
}

/* `count` decisions of one user, a second apart. */
static void answer_job(size_t count)
{
    log_entries_init(&asked->entries, asked->arena);
    for (size_t i = 0; i < count; i++) {
        const int64_t time_us = REPLAYING_START_US + (int64_t)i * SECOND_US;
        const struct record record = replaying_record("/a", "ada", time_us);
        const struct entry_id id = {1, i + 1};

        assert_true(log_entries_add(&asked->entries, &id, &record));
    }
    log_entries_settle(&asked->entries, LOG_ORDER_AS_DECIDED);
    asked->entries.degraded = is_log_degraded;
    asked->available = true;
    asked->done(asked);
}

static size_t turn_until_answered(const struct fake_exchange *exchange)
{
    size_t turns = 0;

    for (; !is_answered(exchange); turns++)
        slices_turn(&world.api.slices);
    return turns;
}

static int64_t number(const struct fake_exchange *exchange, const char *part, const char *member)
{
    struct error error;
    json_t *answer = document_parse(exchange->request.response.body, &error);

    assert_int_equal(exchange->request.response.status, 200);
    assert_non_null(answer);
    const int64_t value =
        json_integer_value(json_object_get(json_object_get(answer, part), member));
    json_decref(answer);
    return value;
}

static void the_log_of_the_app_is_asked_for(void **state)
{
    struct fake_exchange exchange;

    (void)state;
    ask(&exchange);
    assert_int_equal(asked->asks, JOURNAL_ENTRIES);
    assert_string_equal(asked->app_id, world.app->id);
    assert_int_equal(asked->tenant, TENANT);
    assert_false(is_answered(&exchange));
    answer_job(5);
    (void)turn_until_answered(&exchange);

    assert_int_equal(number(&exchange, "now", "allowed"), 3);
    assert_int_equal(number(&exchange, "now", "denied"), 2);
    request_close(&exchange.request);
}

/* 100 seconds are before the window. Their checks have used up the limit, and are not counted. */
static void entries_before_the_window_charge_and_do_not_count(void **state)
{
    struct fake_exchange exchange;

    (void)state;
    ask(&exchange);
    answer_job(JOURNAL_RECORDS);
    (void)turn_until_answered(&exchange);

    assert_int_equal(number(&exchange, "now", "allowed"), 0);
    assert_int_equal(number(&exchange, "now", "denied"), 15 * 60);
    request_close(&exchange.request);
}

static void other_work_has_its_turn_between_the_steps(void **state)
{
    struct fake_exchange exchange;

    (void)state;
    ask(&exchange);
    answer_job(JOURNAL_RECORDS);
    step_us = SLICE_US;

    assert_true(turn_until_answered(&exchange) > JOURNAL_RECORDS / SLICE_QUANTUM);
    request_close(&exchange.request);
}

static void a_log_that_cannot_be_read_is_told(void **state)
{
    struct fake_exchange exchange;

    (void)state;
    ask(&exchange);
    asked->available = false;
    asked->done(asked);
    assert_int_equal(exchange.request.response.status, 503);
    request_close(&exchange.request);

    journal_takes_jobs = false;
    ask(&exchange);
    assert_int_equal(exchange.request.response.status, 503);
    request_close(&exchange.request);
}

static void a_log_of_one_instance_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fake_exchange exchange;

        is_log_degraded = i == 1;
        ask(&exchange);
        answer_job(1);
        (void)turn_until_answered(&exchange);
        const struct text answer = exchange.request.response.body;
        const char told[] = "\"degraded\":true,";
        assert_int_equal(memmem(answer.at, answer.length, told, sizeof(told) - 1) != NULL,
                         is_log_degraded);
        request_close(&exchange.request);
    }
}

static void an_app_has_its_part_of_the_places_until_its_answers_have_left(void **state)
{
    struct fake_exchange exchanges[4];
    struct fake_exchange other;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(exchanges); i++) {
        ask(&exchanges[i]);
        if (is_answered(&exchanges[i]))
            continue;
        answer_job(1);
        (void)turn_until_answered(&exchanges[i]);
    }
    assert_int_equal(exchanges[0].request.response.status, 200);
    assert_int_equal(exchanges[1].request.response.status, 200);
    assert_int_equal(exchanges[2].request.response.status, 503);
    world.app->tenant = ANOTHER;
    ask(&other);
    assert_false(is_answered(&other));
    answer_job(1);
    (void)turn_until_answered(&other);
    request_close(&other.request);
    for (size_t i = 0; i < ARRAY_COUNT(exchanges); i++)
        request_close(&exchanges[i].request);
}

/* One app has two simulations under way, another one has one, and a third one has a batch. */
static void where_places_are_few_other_apps_have_their_part_too(void **state)
{
    struct shares *places = &world.api.batch_checks;
    struct fake_exchange exchanges[3];

    (void)state;
    shares_close(places);
    shares_init(places, 400);
    for (size_t i = 0; i < ARRAY_COUNT(exchanges); i++) {
        world.app->tenant = i < 2 ? TENANT : ANOTHER;
        ask(&exchanges[i]);
        assert_false(is_answered(&exchanges[i]));
        answer_job(1);
        (void)turn_until_answered(&exchanges[i]);
    }
    assert_true(shares_take(places, THIRD, 50));

    shares_give(places, THIRD, 50);
    for (size_t i = 0; i < ARRAY_COUNT(exchanges); i++)
        request_close(&exchanges[i].request);
}

#define SIMULATION_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIMULATION_TEST(the_log_of_the_app_is_asked_for),
        SIMULATION_TEST(entries_before_the_window_charge_and_do_not_count),
        SIMULATION_TEST(other_work_has_its_turn_between_the_steps),
        SIMULATION_TEST(a_log_that_cannot_be_read_is_told),
        SIMULATION_TEST(a_log_of_one_instance_is_told),
        SIMULATION_TEST(an_app_has_its_part_of_the_places_until_its_answers_have_left),
        SIMULATION_TEST(where_places_are_few_other_apps_have_their_part_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
