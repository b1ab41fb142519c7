/* SPDX-License-Identifier: MIT */
#include "journal/journal.h"

#include "base/clock.h"
#include "base/document.h"
#include "journal/feed.h"
#include "support/cmocka.h"
#include "support/redis_server.h"
#include "support/scratch.h"
#include "support/wait.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>

#define APP     "app0000000000001"
#define STREAM  "sluice:log:{" APP "}"
#define START   INT64_C(1795270335000000)
#define THREADS 8
#define RECORDS 3000

/* A machine that is busy with other tests changes no outcome. */
#define PATIENCE_S 60

/* Trimming by whole nodes leaves at most one node too many. */
#define STREAM_LENGTH_MAX (JOURNAL_RECORDS + 100)

static const struct record_filter everything = {.limit = JOURNAL_RECORDS};

static struct redis_server *server;

static int set_up(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return -1;
    (void)signal(SIGPIPE, SIG_IGN); /* as the service does: hiredis writes to closed sockets */
    server = redis_server_start(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    redis_server_stop(server);
    scratch_remove();
    return 0;
}

/* An empty Redis, whatever the test before did to it. */
static int set_up_test(void **state)
{
    (void)state;
    redis_server_command(server, "FLUSHALL");
    return 0;
}

static struct journal *journal_on_redis(void)
{
    struct redis_url url;
    struct error error;

    assert_true(redis_url_parse(text_of(redis_server_unix_url(server)), &url, &error));
    return journal_new(&url);
}

/* Number `number` is denied when it is divisible by three, and of route /even or /odd. */
static void record_number(struct journal *journal, const char *app_id, int64_t number)
{
    const struct record record = {
        .time_us = START + number * 1000,
        .subject = number % 10 == 0 ? TEXT("bob") : TEXT("alice"),
        .route = number % 2 == 0 ? TEXT("/even") : TEXT("/odd"),
        .role = TEXT("default"),
        .cost = number,
        .allowed = number % 3 != 0,
        .reason = number % 3 != 0 ? NULL : "Rate limit exceeded",
        .mode = "enforce",
    };

    journal_record(journal_app(journal, app_id), &record);
}

static void record_numbers(struct journal *journal, int64_t first, int64_t last)
{
    for (int64_t number = first; number <= last; number++)
        record_number(journal, APP, number);
}

struct asked {
    struct arena arena;
    struct journal_job job;
    int answers;
};

static void on_done(struct journal_job *job)
{
    struct asked *asked = job->context;

    asked->answers++;
}

static void ask(struct asked *asked, struct journal *journal, struct queue *replies,
                const char *app_id, const struct record_filter *filter)
{
    *asked = (struct asked){0};
    asked->job = (struct journal_job){
        .reply_to = replies,
        .done = on_done,
        .context = asked,
        .filter = *filter,
        .arena = &asked->arena,
    };
    (void)snprintf(asked->job.app_id, sizeof asked->job.app_id, "%s", app_id);
    assert_true(journal_submit(journal, &asked->job));
}

/* NULL when it was refused. */
static json_t *latest_now(struct journal *journal, const char *app_id,
                          const struct record_filter *filter)
{
    struct queue *replies = queue_new(0);
    json_t *entries = NULL;
    struct asked asked;
    struct error error;

    ask(&asked, journal, replies, app_id, filter);
    while (asked.answers == 0) {
        struct pollfd input = {.fd = queue_fd(replies), .events = POLLIN};

        assert_int_equal(poll(&input, 1, PATIENCE_S * 1000), 1);
        queue_drain(replies);
    }
    if (asked.job.available)
        entries = document_parse(asked.job.answer, &error);
    arena_close(&asked.arena);
    queue_free(replies);
    return entries;
}

/* The journal's answer; to be released with json_decref(). One that is busy sending may refuse. */
static json_t *latest(struct journal *journal, const char *app_id,
                      const struct record_filter *filter)
{
    json_t *entries = NULL;

    WAIT_FOR (PATIENCE_S, (entries = latest_now(journal, app_id, filter)) != NULL)
        ;
    assert_true(json_is_array(entries));
    return entries;
}

static size_t count_latest(struct journal *journal)
{
    json_t *entries = latest(journal, APP, &everything);
    size_t count = json_array_size(entries);

    json_decref(entries);
    return count;
}

static int64_t cost_at(const json_t *entries, size_t index)
{
    return json_integer_value(json_object_get(json_array_get(entries, index), "cost"));
}

static const char *id_at(const json_t *entries, size_t index)
{
    return json_string_value(json_object_get(json_array_get(entries, index), "id"));
}

/* Whether the journal shows exactly the numbers `first` to `last`, the last one first. */
static bool shows(struct journal *journal, int64_t first, int64_t last)
{
    json_t *entries = latest(journal, APP, &everything);
    bool same = json_array_size(entries) == (size_t)(last - first + 1);

    for (size_t i = 0; same && i < json_array_size(entries); i++)
        same = cost_at(entries, i) == last - (int64_t)i;
    json_decref(entries);
    return same;
}

static long long redis_integer(const char *command)
{
    return redis_server_command(server, command)->integer;
}

/* Without a feed */

static void a_decision_is_visible_at_once(void **state)
{
    struct journal *journal = journal_new(NULL);

    (void)state;
    for (int64_t number = 1; number <= 100; number++) {
        record_number(journal, APP, number);
        assert_true(shows(journal, 1, number));
    }
    journal_free(journal);
}

static void an_id_is_time_and_sequence(void **state)
{
    struct journal *journal = journal_new(NULL);

    (void)state;
    record_numbers(journal, 7, 8);

    json_t *entries = latest(journal, APP, &everything);
    assert_string_equal(id_at(entries, 0), "1795270335008-2");
    assert_string_equal(id_at(entries, 1), "1795270335007-1");
    json_decref(entries);
    journal_free(journal);
}

static void an_app_without_decisions_has_an_empty_log(void **state)
{
    struct journal *journal = journal_new(NULL);

    (void)state;
    record_number(journal, "another", 1);

    assert_int_equal(count_latest(journal), 0);
    journal_free(journal);
}

static void the_last_thousand_are_kept(void **state)
{
    struct journal *journal = journal_new(NULL);

    (void)state;
    record_numbers(journal, 1, 2500);

    assert_true(shows(journal, 1501, 2500));
    journal_free(journal);
}

/* `limit` counts what the filter takes. */
static void check_filters(struct journal *journal)
{
    struct record_filter filter = everything;

    record_numbers(journal, 1, 60);

    filter.limit = 3;
    filter.allowed = RECORD_DENIED;
    json_t *entries = latest(journal, APP, &filter);
    assert_int_equal(json_array_size(entries), 3);
    assert_int_equal(cost_at(entries, 0), 60);
    assert_int_equal(cost_at(entries, 2), 54);
    json_decref(entries);

    filter.route_key = TEXT("/odd");
    entries = latest(journal, APP, &filter);
    assert_int_equal(json_array_size(entries), 3);
    assert_int_equal(cost_at(entries, 0), 57);
    assert_int_equal(cost_at(entries, 2), 45);
    json_decref(entries);

    filter = everything;
    filter.user_id = TEXT("bob");
    entries = latest(journal, APP, &filter);
    assert_int_equal(json_array_size(entries), 6);
    assert_int_equal(cost_at(entries, 5), 10);
    json_decref(entries);
}

static void filters_choose_before_the_limit_counts(void **state)
{
    struct journal *journal = journal_new(NULL);

    (void)state;
    check_filters(journal);
    journal_free(journal);
}

/* Records for its own app and for one that all threads meet at. */
static void *record_many(void *context)
{
    static atomic_int next_thread;
    char own[JOURNAL_APP_ID_BYTES + 1];

    (void)snprintf(own, sizeof own, "own%d", atomic_fetch_add(&next_thread, 1));
    for (int64_t number = 1; number <= RECORDS; number++) {
        record_number(context, own, number);
        record_number(context, APP, number);
    }
    return NULL;
}

static void record_from_many_threads(struct journal *journal)
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record_many, journal), 0);
    while (count_latest(journal) < JOURNAL_RECORDS)
        continue;
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void many_threads_record_while_one_asks(void **state)
{
    struct journal *journal = journal_new(NULL);

    (void)state;
    record_from_many_threads(journal);

    assert_int_equal(count_latest(journal), JOURNAL_RECORDS);
    journal_free(journal);
}

static void freeing_answers_every_job_once(void **state)
{
    struct journal *journal = journal_new(NULL);
    struct queue *replies = queue_new(0);
    struct asked asked[100];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++)
        ask(&asked[i], journal, replies, APP, &everything);
    journal_free(journal);
    queue_drain(replies);

    for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
        assert_int_equal(asked[i].answers, 1);
        assert_int_equal(asked[i].job.available, asked[i].job.answer.length > 0);
        arena_close(&asked[i].arena);
    }
    queue_free(replies);
}

/* With a feed */

static void another_instance_sees_a_decision(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    record_numbers(here, 1, 5);

    WAIT_FOR (5, shows(there, 1, 5))
        ;
    journal_free(here);
    journal_free(there);
}

static void the_own_decision_is_visible_at_once_with_a_feed_too(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    for (int64_t number = 1; number <= 100; number++) {
        record_number(journal, APP, number);
        assert_true(shows(journal, 1, number));
    }
    assert_int_equal(redis_integer("XLEN " STREAM), 100);
    journal_free(journal);
}

static void filters_choose_from_the_feed(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    check_filters(journal);
    journal_free(journal);
}

static void instances_together_show_every_decision_once_in_order_of_time(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    /* The later ones reach the stream first. */
    for (int64_t number = 101; number <= 200; number++)
        record_number(here, APP, number);
    assert_int_equal(count_latest(here), 100);
    for (int64_t number = 1; number <= 100; number++)
        record_number(there, APP, number);

    assert_true(shows(there, 1, 200));
    assert_true(shows(here, 1, 200));
    journal_free(here);
    journal_free(there);
}

static void an_entry_sent_twice_is_shown_once(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    record_numbers(journal, 1, 3);
    assert_true(shows(journal, 1, 3));

    redis_server_command(server, "EVAL %s 1 " STREAM,
                         "local all = redis.call('XRANGE', KEYS[1], '-', '+')\n"
                         "for _, entry in ipairs(all) do\n"
                         "    redis.call('XADD', KEYS[1], '*', unpack(entry[2]))\n"
                         "end");

    assert_int_equal(redis_integer("XLEN " STREAM), 6);
    assert_true(shows(journal, 1, 3));
    journal_free(journal);
}

static void what_is_no_entry_is_passed_over(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    record_numbers(journal, 1, 3);
    assert_true(shows(journal, 1, 3));

    redis_server_command(server, "XADD " STREAM " * e {} o x");
    redis_server_command(server, "XADD " STREAM " * e {");
    redis_server_command(server, "XADD " STREAM " * e [ o x");

    assert_true(shows(journal, 1, 3));
    journal_free(journal);
}

static void the_stream_is_bounded_and_expires(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    for (int64_t number = 1; number <= 5000; number += 500) {
        record_numbers(journal, number, number + 499);
        assert_true(shows(journal, number > 500 ? number - 500 : 1, number + 499));
    }

    assert_in_range(redis_integer("XLEN " STREAM), JOURNAL_RECORDS, STREAM_LENGTH_MAX);
    assert_in_range(redis_integer("TTL " STREAM), FEED_EXPIRY_S - 60, FEED_EXPIRY_S);
    journal_free(journal);
}

static void what_was_overwritten_is_not_sent(void **state)
{
    struct ring ring;
    struct redis_url url;
    struct error error;
    uint64_t sent = 0;

    (void)state;
    ring_init(&ring);
    assert_true(redis_url_parse(text_of(redis_server_unix_url(server)), &url, &error));
    struct feed *feed = feed_new(&url);
    const struct record record = {.subject = TEXT("alice"), .mode = "enforce"};
    for (int i = 0; i < 2550; i++)
        ring_add(&ring, &record);

    assert_true(feed_send(feed, APP, &ring, &sent));

    /* Had all been sent, whole nodes of 100 would be trimmed: 1050 would be left. */
    assert_int_equal(redis_integer("XLEN " STREAM), JOURNAL_RECORDS);
    assert_int_equal(sent, 2550);
    feed_free(feed);
    ring_close(&ring);
}

static void threads_record_into_the_feed(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    record_from_many_threads(here);

    WAIT_FOR (PATIENCE_S, count_latest(there) == JOURNAL_RECORDS)
        ;
    journal_free(here);
    journal_free(there);
}

static void freeing_flushes(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    record_numbers(journal, 1, 50);
    journal_free(journal);

    assert_int_equal(redis_integer("XLEN " STREAM), 50);
}

static void without_redis_the_ring_answers_and_the_feed_recovers(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    record_numbers(here, 1, 10);
    assert_true(shows(here, 1, 10));

    redis_server_kill(server);
    record_numbers(here, 11, 20);
    assert_true(shows(here, 1, 20));
    assert_true(shows(here, 1, 20));

    /* What was shared before went with Redis; what came while it was away is shared now. */
    redis_server_restart(server);
    WAIT_FOR (PATIENCE_S, shows(there, 11, 20))
        ;
    WAIT_FOR (PATIENCE_S, shows(here, 11, 20))
        ;
    journal_free(here);
    journal_free(there);
}

static void what_redis_missed_is_counted(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    record_numbers(journal, 1, 10);
    assert_true(shows(journal, 1, 10));
    assert_int_equal(journal_counts(journal).flush_failures, 0);

    redis_server_kill(server);
    record_numbers(journal, 11, 10 + JOURNAL_RECORDS + 500);
    WAIT_FOR (10, journal_counts(journal).flush_failures > 0)
        ;
    assert_int_equal(journal_counts(journal).dropped, 0);
    redis_server_restart(server);

    WAIT_FOR (10, journal_counts(journal).dropped == 500)
        ;
    journal_free(journal);
}

static void a_hung_redis_delays_no_record_and_loses_none(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    record_numbers(here, 1, 10);
    assert_true(shows(here, 1, 10));

    redis_server_pause(server);
    record_numbers(here, 11, 20);
    assert_true(shows(here, 1, 20));
    redis_server_continue(server);

    WAIT_FOR (PATIENCE_S, shows(there, 1, 20))
        ;
    journal_free(here);
    journal_free(there);
}

/* Its app comes first in the flush, so it has failed before the other's entries are seen. */
static void a_spoilt_stream_does_not_stop_the_others_and_is_tried_again(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    redis_server_command(server, "SET sluice:log:{spoilt} x");
    record_number(here, "spoilt", 1);
    record_numbers(here, 1, 5);

    WAIT_FOR (PATIENCE_S, shows(there, 1, 5))
        ;
    redis_server_command(server, "DEL sluice:log:{spoilt}");
    WAIT_FOR (PATIENCE_S, redis_integer("XLEN sluice:log:{spoilt}") == 1)
        ;
    journal_free(here);
    journal_free(there);
}

/* Usage */

static const struct usage_query last_hour = {.window_minutes = 60, .step_minutes = 1};

/* As many decisions as asked, just now; the first `denied` of them are. */
static void decide(struct journal *journal, const char *subject, int count, int denied)
{
    for (int i = 0; i < count; i++) {
        const struct record record = {
            .time_us = clock_wall_us(),
            .subject = text_of(subject),
            .route = TEXT("/usage"),
            .role = TEXT("default"),
            .cost = 1,
            .allowed = i >= denied,
            .mode = "enforce",
        };

        journal_record(journal_app(journal, APP), &record);
    }
}

/* The journal's answer; to be released with json_decref(). */
static json_t *usage_of(struct journal *journal)
{
    struct queue *replies = queue_new(0);
    struct asked asked = {0};
    struct error error;

    asked.job = (struct journal_job){
        .reply_to = replies,
        .done = on_done,
        .context = &asked,
        .app_id = APP,
        .asks = JOURNAL_USAGE,
        .query = last_hour,
        .arena = &asked.arena,
    };
    assert_true(journal_submit(journal, &asked.job));
    while (asked.answers == 0) {
        struct pollfd input = {.fd = queue_fd(replies), .events = POLLIN};

        assert_int_equal(poll(&input, 1, 10000), 1);
        queue_drain(replies);
    }
    assert_true(asked.job.available);

    json_t *usage = document_parse(asked.job.answer, &error);
    assert_non_null(usage);
    arena_close(&asked.arena);
    queue_free(replies);
    return usage;
}

/* Whether the usage is of so many, from all instances (or else from this one only). */
static bool counts(struct journal *journal, int64_t allowed, int64_t denied, bool degraded)
{
    json_t *usage = usage_of(journal);
    const json_t *totals = json_object_get(usage, "totals");
    const bool same = json_integer_value(json_object_get(totals, "allowed")) == allowed &&
                      json_integer_value(json_object_get(totals, "denied")) == denied &&
                      json_is_true(json_object_get(usage, "degraded")) == degraded;

    json_decref(usage);
    return same;
}

static void more_decisions_than_the_ring_holds_are_counted(void **state)
{
    struct journal *journal = journal_new(NULL);

    (void)state;
    decide(journal, "alice", 5 * JOURNAL_RECORDS, 2 * JOURNAL_RECORDS);

    assert_true(counts(journal, 3 * JOURNAL_RECORDS, 2 * JOURNAL_RECORDS, false));
    decide(journal, "alice", 1, 0);
    assert_true(counts(journal, 3 * JOURNAL_RECORDS + 1, 2 * JOURNAL_RECORDS, false));
    journal_free(journal);
}

static void *decide_many(void *context)
{
    decide(context, "alice", RECORDS, 0);
    return NULL;
}

static void decisions_of_many_threads_are_all_counted(void **state)
{
    struct journal *journal = journal_new(NULL);
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, decide_many, journal), 0);
    while (!counts(journal, THREADS * RECORDS, 0, false))
        continue;
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(counts(journal, THREADS * RECORDS, 0, false));
    journal_free(journal);
}

static void instances_sum_up_and_keep_what_a_stopped_one_sent(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    decide(here, "alice", 10, 3);
    assert_true(counts(here, 7, 3, false));
    decide(there, "bob", 100, 5);

    WAIT_FOR (PATIENCE_S, counts(here, 102, 8, false))
        ;
    WAIT_FOR (PATIENCE_S, counts(there, 102, 8, false))
        ;

    /* What it had not sent yet is sent when it stops. */
    decide(there, "bob", 1, 0);
    journal_free(there);
    assert_true(counts(here, 103, 8, false));

    json_t *usage = usage_of(here);
    const json_t *subjects = json_object_get(json_object_get(usage, "top_denied"), "subjects");
    assert_int_equal(json_array_size(subjects), 2);
    const json_t *first = json_array_get(subjects, 0);
    assert_string_equal(json_string_value(json_object_get(first, "user_id")), "bob");
    assert_int_equal(json_integer_value(json_object_get(first, "denied")), 5);
    json_decref(usage);
    journal_free(here);
}

/* The minutes of an hour and the hours of a day. */
static void usage_in_redis_expires(void **state)
{
    static const char script[] = "local least = math.huge "
                                 "local keys = redis.call('KEYS', 'sluice:usage:*') "
                                 "for _, key in ipairs(keys) do "
                                 "  least = math.min(least, redis.call('TTL', key)) "
                                 "end "
                                 "return #keys == 2 and least";
    struct journal *journal = journal_on_redis();

    (void)state;
    decide(journal, "alice", 1, 0);
    assert_true(counts(journal, 1, 0, false));

    assert_in_range(redis_server_command(server, "EVAL %s 0", script)->integer, 86400, 2 * 86400);
    journal_free(journal);
}

static void without_redis_usage_is_the_own_and_is_sent_later(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    decide(there, "bob", 1, 0);
    WAIT_FOR (PATIENCE_S, counts(here, 1, 0, false))
        ;

    redis_server_kill(server);
    decide(here, "alice", 20, 4);
    WAIT_FOR (PATIENCE_S, counts(here, 16, 4, true))
        ;
    redis_server_restart(server);

    WAIT_FOR (PATIENCE_S, counts(there, 16, 4, false))
        ;
    journal_free(here);
    journal_free(there);
}

static void what_is_no_usage_is_passed_over(void **state)
{
    struct journal *journal = journal_on_redis();
    char command[200];
    const int64_t hour_s = clock_wall_us() / 3600000000 * 3600;

    (void)state;
    decide(journal, "alice", 2, 1);
    (void)snprintf(command, sizeof command, "HSET sluice:usage:{" APP "}:minutes:%lld x y %lld:a z",
                   (long long)hour_s, (long long)hour_s);
    redis_server_command(server, command);

    assert_true(counts(journal, 1, 1, false));
    journal_free(journal);
}

#define WITH_REDIS(test) cmocka_unit_test_setup(test, set_up_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision_is_visible_at_once),
        cmocka_unit_test(an_id_is_time_and_sequence),
        cmocka_unit_test(an_app_without_decisions_has_an_empty_log),
        cmocka_unit_test(the_last_thousand_are_kept),
        cmocka_unit_test(filters_choose_before_the_limit_counts),
        cmocka_unit_test(many_threads_record_while_one_asks),
        cmocka_unit_test(freeing_answers_every_job_once),
        cmocka_unit_test(more_decisions_than_the_ring_holds_are_counted),
        cmocka_unit_test(decisions_of_many_threads_are_all_counted),
        WITH_REDIS(another_instance_sees_a_decision),
        WITH_REDIS(the_own_decision_is_visible_at_once_with_a_feed_too),
        WITH_REDIS(filters_choose_from_the_feed),
        WITH_REDIS(instances_together_show_every_decision_once_in_order_of_time),
        WITH_REDIS(an_entry_sent_twice_is_shown_once),
        WITH_REDIS(what_is_no_entry_is_passed_over),
        WITH_REDIS(the_stream_is_bounded_and_expires),
        WITH_REDIS(what_was_overwritten_is_not_sent),
        WITH_REDIS(threads_record_into_the_feed),
        WITH_REDIS(freeing_flushes),
        WITH_REDIS(without_redis_the_ring_answers_and_the_feed_recovers),
        WITH_REDIS(what_redis_missed_is_counted),
        WITH_REDIS(a_hung_redis_delays_no_record_and_loses_none),
        WITH_REDIS(a_spoilt_stream_does_not_stop_the_others_and_is_tried_again),
        WITH_REDIS(instances_sum_up_and_keep_what_a_stopped_one_sent),
        WITH_REDIS(usage_in_redis_expires),
        WITH_REDIS(without_redis_usage_is_the_own_and_is_sent_later),
        WITH_REDIS(what_is_no_usage_is_passed_over),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
