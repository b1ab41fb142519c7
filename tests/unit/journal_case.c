/* SPDX-License-Identifier: MIT */
#include "journal_case.h"

#include "base/document.h"
#include "support/redis_group.h"
#include "support/topologies.h"
#include "support/wait.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#define START_US     INT64_C(1795270335000000)
#define THREADS      8
#define RECORDS      3000
#define SECOND_FIRST 2 /* of all answers */

static void *record_many(void *context);
static void on_done(struct journal_job *job);
static void expect_only_entry(struct journal *journal, const struct record_filter *filter,
                              const char *expected);
static void on_second(struct journal_job *job);
static struct journal *unstarted_on(const char *where);

const struct record_filter journal_everything = {.limit = JOURNAL_RECORDS};

struct journal *journal_alone(void)
{
    struct journal *journal = journal_new(NULL);

    journal_start(journal);
    return journal;
}

struct journal *journal_on_redis(void)
{
    return journal_on(redis_server_unix_url(server));
}

struct journal *journal_unstarted_on_redis(void)
{
    return unstarted_on(redis_server_unix_url(server));
}

struct journal *journal_on(const char *where)
{
    struct journal *journal = unstarted_on(where);

    journal_start(journal);
    return journal;
}

void journal_number(struct journal *journal, const char *app_id, int64_t number)
{
    const struct subject user = {TEXT("user"), number % 10 == 0 ? TEXT("bob") : TEXT("alice")};
    const struct record record = {
        .time_us = START_US + number * 1000,
        .subjects = {1, &user},
        .route = number % 2 == 0 ? TEXT("/even") : TEXT("/odd"),
        .role = TEXT("default"),
        .costs = {.requests = number},
        .allowed = number % 3 != 0,
        .reason = number % 3 != 0 ? NULL : "Rate limit exceeded",
        .mode = "enforce",
    };

    journal_record(journal_app(journal, app_id), &record);
}

void journal_numbers(struct journal *journal, int64_t first, int64_t last)
{
    for (int64_t number = first; number <= last; number++)
        journal_number(journal, JOURNAL_APP, number);
}

void journal_numbers_from_threads(struct journal *journal)
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record_many, journal), 0);
    while (journal_count(journal) < JOURNAL_RECORDS)
        continue;
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

void journal_ask(struct journal_asked *asked, struct journal *journal, struct queue *replies,
                 const struct journal_job *job)
{
    *asked = (struct journal_asked){.job = *job};
    asked->job.reply_to = replies;
    asked->job.done = on_done;
    asked->job.context = asked;
    asked->job.arena = &asked->arena;
    assert_true(journal_submit(journal, &asked->job));
}

json_t *journal_await(struct journal *journal, const struct journal_job *job)
{
    struct queue *replies = queue_new(0);
    json_t *answer = NULL;
    struct journal_asked asked;
    struct error error;

    journal_ask(&asked, journal, replies, job);
    while (asked.answers == 0) {
        struct pollfd input = {.fd = queue_fd(replies), .events = POLLIN};

        assert_int_equal(poll(&input, 1, JOURNAL_PATIENCE_S * 1000), 1);
        queue_drain(replies);
    }
    if (asked.job.available) {
        answer = document_parse(asked.job.answer, &error);
        assert_non_null(answer);
    }
    arena_close(&asked.arena);
    queue_free(replies);
    return answer;
}

void journal_read_entries(struct journal *journal, struct journal_asked *asked)
{
    const struct journal_job job = {.app_id = JOURNAL_APP, .asks = JOURNAL_ENTRIES};
    struct queue *replies = queue_new(0);

    journal_ask(asked, journal, replies, &job);
    WAIT_FOR (JOURNAL_PATIENCE_S, asked->answers > 0)
        queue_drain(replies);
    assert_true(asked->job.available);
    queue_free(replies);
}

json_t *journal_latest(struct journal *journal, const struct record_filter *filter)
{
    const struct journal_job job = {.app_id = JOURNAL_APP, .filter = *filter};
    json_t *entries = NULL;

    WAIT_FOR (JOURNAL_PATIENCE_S, (entries = journal_await(journal, &job)) != NULL)
        ;
    assert_true(json_is_array(entries));
    return entries;
}

size_t journal_count(struct journal *journal)
{
    json_t *entries = journal_latest(journal, &journal_everything);
    size_t count = json_array_size(entries);

    json_decref(entries);
    return count;
}

int64_t journal_number_at(const json_t *entries, size_t index)
{
    return json_integer_value(json_object_get(json_array_get(entries, index), "cost"));
}

bool journal_shows(struct journal *journal, int64_t first, int64_t last)
{
    json_t *entries = journal_latest(journal, &journal_everything);
    bool same = json_array_size(entries) == (size_t)(last - first + 1);

    for (size_t i = 0; same && i < json_array_size(entries); i++)
        same = journal_number_at(entries, i) == last - (int64_t)i;
    json_decref(entries);
    return same;
}

void journal_expect_filters(struct journal *journal)
{
    struct record_filter filter = journal_everything;

    journal_numbers(journal, 1, 60);

    filter.limit = 3;
    filter.allowed = RECORD_DENIED;
    json_t *entries = journal_latest(journal, &filter);
    assert_int_equal(json_array_size(entries), 3);
    assert_int_equal(journal_number_at(entries, 0), 60);
    assert_int_equal(journal_number_at(entries, 2), 54);
    json_decref(entries);

    filter.route_key = TEXT("/odd");
    entries = journal_latest(journal, &filter);
    assert_int_equal(json_array_size(entries), 3);
    assert_int_equal(journal_number_at(entries, 0), 57);
    assert_int_equal(journal_number_at(entries, 2), 45);
    json_decref(entries);

    filter = journal_everything;
    const struct subject bob = {TEXT("user"), TEXT("bob")};
    filter.subjects = (struct subjects){1, &bob};
    entries = journal_latest(journal, &filter);
    assert_int_equal(json_array_size(entries), 6);
    assert_int_equal(journal_number_at(entries, 5), 10);
    json_decref(entries);
}

void journal_expect_parts(struct journal *journal)
{
    static const struct subject subjects[] = {{{"org", 3}, {"acme", 4}}, {{"user", 4}, {"ada", 3}}};
    static const struct measured measures[] = {{{"tokens", 6}, 1500}};
    static const struct text limits[] = {{"pool", 4}};
    const struct record record = {
        .time_us = START_US,
        .subjects = {2, subjects},
        .route = TEXT("/a"),
        .role = TEXT("default"),
        .costs = {1, 1, measures},
        .mode = "enforce",
        .denied_by = {1, limits},
    };
    struct record_filter filter = journal_everything;

    journal_numbers(journal, 1, 10);
    journal_record(journal_app(journal, JOURNAL_APP), &record);

    filter.subjects = (struct subjects){1, subjects};
    expect_only_entry(
        journal, &filter,
        "{\"timestamp\":1795270335,\"time\":\"2026-11-21T14:12:15.000Z\","
        "\"time_us\":1795270335000000,\"user_id\":\"ada\","
        "\"subjects\":{\"org\":\"acme\",\"user\":\"ada\"},\"route\":\"/a\","
        "\"route_key\":\"/a\",\"role\":\"default\",\"cost\":1,\"costs\":{\"tokens\":1500},"
        "\"allowed\":false,\"reason\":null,\"denied_by\":[\"pool\"],\"remaining\":0,"
        "\"policy_version\":0,\"mode\":\"enforce\",\"degraded\":false}");
}

void journal_expect_charges(struct journal *journal)
{
    static const struct subject user = {{"user", 4}, {"ada", 3}};
    static const struct measured measures[] = {{{"tokens", 6}, -1500}};
    static const struct limit_override overrides[] = {{{"pool", 4}, 9000}};
    const struct record record = {
        .time_us = START_US,
        .subjects = {1, &user},
        .route = TEXT("/a"),
        .role = TEXT("default"),
        .costs = {0, 1, measures},
        .overrides = overrides,
        .override_count = 1,
        .is_low = true,
        .is_charge = true,
        .allowed = true,
        .mode = "enforce",
    };
    struct record_filter filter = journal_everything;

    journal_record(journal_app(journal, JOURNAL_APP), &record);
    journal_numbers(journal, 1, 6);

    filter.kind = RECORD_CHARGE;
    expect_only_entry(
        journal, &filter,
        "{\"timestamp\":1795270335,\"time\":\"2026-11-21T14:12:15.000Z\","
        "\"time_us\":1795270335000000,\"user_id\":\"ada\","
        "\"route\":\"/a\",\"route_key\":\"/a\",\"role\":\"default\",\"cost\":0,"
        "\"costs\":{\"tokens\":-1500},\"limit_overrides\":{\"pool\":9000},"
        "\"priority\":\"low\",\"charge\":true,\"allowed\":true,\"reason\":null,"
        "\"remaining\":0,\"policy_version\":0,\"mode\":\"enforce\",\"degraded\":false}");

    filter.kind = RECORD_DECISION;
    json_t *entries = journal_latest(journal, &filter);
    assert_int_equal(json_array_size(entries), 6);
    assert_int_equal(journal_number_at(entries, 5), 1);
    json_decref(entries);
    assert_int_equal(journal_count(journal), 7);
}

bool journal_answers_second_first(struct journal *journal, struct journal_asked asked[2],
                                  const struct journal_job jobs[2])
{
    struct queue *replies = queue_new(0);
    bool second_is_first = false;

    journal_ask(&asked[0], journal, replies, &jobs[0]);
    journal_ask(&asked[1], journal, replies, &jobs[1]);
    asked[1].job.done = on_second;
    asked[1].job.context = asked;
    journal_start(journal);
    WAIT_FOR (JOURNAL_PATIENCE_S, asked[0].answers > 0 && asked[1].answers > 0)
        queue_drain(replies);
    second_is_first = asked[1].answers == SECOND_FIRST;
    queue_free(replies);
    return second_is_first;
}

static struct journal *unstarted_on(const char *where)
{
    return journal_new(topology_at(where));
}

/* Records for its own app and for the app that all threads share. */
static void *record_many(void *context)
{
    static atomic_int next_thread;
    char own[APP_ID_BYTES + 1];

    (void)snprintf(own, sizeof own, "own%d", atomic_fetch_add(&next_thread, 1));
    for (int64_t number = 1; number <= RECORDS; number++) {
        journal_number(context, own, number);
        journal_number(context, JOURNAL_APP, number);
    }
    return NULL;
}

static void on_done(struct journal_job *job)
{
    struct journal_asked *asked = job->context;

    asked->answers++;
}

/* Its id, which is another each time, is left out. */
static void expect_only_entry(struct journal *journal, const struct record_filter *filter,
                              const char *expected)
{
    json_t *entries = journal_latest(journal, filter);

    assert_int_equal(json_array_size(entries), 1);
    json_object_del(json_array_get(entries, 0), "id");
    char *entry = json_dumps(json_array_get(entries, 0), JSON_COMPACT);
    assert_string_equal(entry, expected);
    free(entry);
    json_decref(entries);
}

static void on_second(struct journal_job *job)
{
    struct journal_asked *asked = job->context;

    asked[1].answers = asked[0].answers == 0 ? SECOND_FIRST : 1;
}
