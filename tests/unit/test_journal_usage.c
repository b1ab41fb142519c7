/* SPDX-License-Identifier: MIT
 *
 * Usage as the journal counts it: for one instance, for all together, and while Redis is away. */
#include "journal_case.h"

#include "base/clock.h"
#include "base/document.h"
#include "base/duration.h"
#include "support/redis_group.h"
#include "support/wait.h"

#include <pthread.h>

#define THREADS 8
#define RECORDS 3000

static const struct usage_query last_hour = {.window_minutes = 60, .step_minutes = 1};

/* Makes `count` decisions at this time. The first `denied` of them are denied. */
static void decide_at(int64_t counted_us, struct journal *journal, const char *subject, int count,
                      int denied)
{
    for (int i = 0; i < count; i++) {
        const struct subject user = {TEXT("user"), text_of(subject)};
        const struct record record = {
            .counted_us = counted_us,
            .subjects = {1, &user},
            .route = TEXT("/usage"),
            .role = TEXT("default"),
            .costs = {.requests = 1},
            .allowed = i >= denied,
            .mode = "enforce",
        };

        journal_record(journal_app(journal, JOURNAL_APP), &record);
    }
}

static void decide(struct journal *journal, const char *subject, int count, int denied)
{
    decide_at(clock_wall_us(), journal, subject, count, denied);
}

/* The journal's answer. Release it with json_decref(). */
static json_t *usage_of(struct journal *journal)
{
    const struct journal_job job = {
        .app_id = JOURNAL_APP, .asks = JOURNAL_USAGE, .query = last_hour};
    json_t *usage = journal_await(journal, &job);

    assert_non_null(usage);
    return usage;
}

/* Whether the usage has these counts. `degraded`: they are of this instance only, else of all. */
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
    struct journal *journal = journal_alone();

    (void)state;
    decide(journal, "alice", 5 * JOURNAL_RECORDS, 2 * JOURNAL_RECORDS);

    assert_true(counts(journal, 3 * JOURNAL_RECORDS, 2 * JOURNAL_RECORDS, false));
    decide(journal, "alice", 1, 0);
    assert_true(counts(journal, 3 * JOURNAL_RECORDS + 1, 2 * JOURNAL_RECORDS, false));
    journal_free(journal);
}

/* It was not asked for, so it was neither allowed nor denied. */
static void expect_that_a_charge_is_no_usage(struct journal *journal)
{
    const struct subject user = {TEXT("user"), TEXT("alice")};
    const struct record charge = {
        .counted_us = clock_wall_us(),
        .subjects = {1, &user},
        .route = TEXT("/usage"),
        .role = TEXT("default"),
        .costs = {.requests = 5},
        .is_charge = true,
        .allowed = true,
        .mode = "enforce",
    };

    journal_record(journal_app(journal, JOURNAL_APP), &charge);
    assert_true(counts(journal, 0, 0, false));
    decide(journal, "alice", 3, 1);
    journal_record(journal_app(journal, JOURNAL_APP), &charge);
    assert_true(counts(journal, 2, 1, false));
    assert_int_equal(journal_count(journal), 5);
    journal_free(journal);
}

static void a_charge_is_no_usage(void **state)
{
    (void)state;
    expect_that_a_charge_is_no_usage(journal_alone());
}

static void a_charge_is_no_usage_in_redis(void **state)
{
    (void)state;
    expect_that_a_charge_is_no_usage(journal_on_redis());
}

/* While the clock was an hour ahead, decisions were counted in the future. Later decisions are
 * shown at once. */
static void expect_that_a_step_back_is_survived(struct journal *journal)
{
    decide_at(clock_wall_us() + HOUR_US, journal, "alice", 3, 0);
    assert_true(counts(journal, 0, 0, false));
    decide(journal, "alice", 5, 2);
    assert_true(counts(journal, 3, 2, false));
    decide_at(clock_wall_us() + HOUR_US, journal, "alice", 3, 0);
    decide(journal, "alice", 1, 0);
    assert_true(counts(journal, 4, 2, false));
    journal_free(journal);
}

static void a_clock_that_steps_back_stops_no_count(void **state)
{
    (void)state;
    expect_that_a_step_back_is_survived(journal_alone());
}

static void a_clock_that_steps_back_stops_no_count_in_redis(void **state)
{
    (void)state;
    expect_that_a_step_back_is_survived(journal_on_redis());
}

/* So far ahead, for two hours, that earlier decisions would be too old if the clock were right. */
static void expect_that_two_hours_ahead_cost_nothing(struct journal *journal)
{
    const int64_t now_us = clock_wall_us();

    decide_at(now_us, journal, "alice", 5, 2);
    assert_true(counts(journal, 3, 2, false));
    decide_at(now_us + 216 * HOUR_US, journal, "alice", 1, 0);
    assert_true(counts(journal, 3, 2, false));
    decide_at(now_us + 217 * HOUR_US, journal, "alice", 1, 0);
    assert_true(counts(journal, 3, 2, false));
    decide_at(now_us, journal, "alice", 5, 1);
    assert_true(counts(journal, 7, 3, false));
    journal_free(journal);
}

static void two_hours_ahead_cost_nothing(void **state)
{
    (void)state;
    expect_that_two_hours_ahead_cost_nothing(journal_alone());
}

static void two_hours_ahead_cost_nothing_in_redis(void **state)
{
    (void)state;
    expect_that_two_hours_ahead_cost_nothing(journal_on_redis());
}

/* Of stores whose clocks are hours and years off, or step back: more minutes than a ring counts at
 * a time. */
static void expect_that_usage_is_of_the_clock_here(struct journal *journal)
{
    const int64_t now_us = clock_wall_us();
    const int64_t times_us[] = {now_us - 2 * HOUR_US, now_us + 2 * HOUR_US, 0, LIMIT_TIME_US_MAX,
                                now_us - MINUTE_US,   now_us + MINUTE_US,   1, now_us};
    const struct subject user = {TEXT("user"), TEXT("alice")};

    for (size_t i = 0; i < ARRAY_COUNT(times_us); i++) {
        const struct record record = {
            .time_us = times_us[i],
            .counted_us = now_us,
            .subjects = {1, &user},
            .route = TEXT("/usage"),
            .role = TEXT("default"),
            .costs = {.requests = 1},
            .allowed = i % 2 == 0,
            .mode = "enforce",
        };

        journal_record(journal_app(journal, JOURNAL_APP), &record);
    }
    assert_true(counts(journal, ARRAY_COUNT(times_us) / 2, ARRAY_COUNT(times_us) / 2, false));
    assert_int_equal(journal_count(journal), ARRAY_COUNT(times_us));
    journal_free(journal);
}

static void usage_goes_by_the_clock_here_and_not_by_the_stores(void **state)
{
    (void)state;
    expect_that_usage_is_of_the_clock_here(journal_alone());
}

static void usage_in_redis_goes_by_the_clock_here_and_not_by_the_stores(void **state)
{
    (void)state;
    expect_that_usage_is_of_the_clock_here(journal_on_redis());
    assert_int_equal(redis_server_command(server, "KEYS sluice:usage:*")->elements, 2);
}

static void *decide_many(void *context)
{
    decide(context, "alice", RECORDS, 0);
    return NULL;
}

static void decisions_of_many_threads_are_all_counted(void **state)
{
    struct journal *journal = journal_alone();
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

    WAIT_FOR (JOURNAL_PATIENCE_S, counts(here, 102, 8, false))
        ;
    WAIT_FOR (JOURNAL_PATIENCE_S, counts(there, 102, 8, false))
        ;

    /* At its end it sends what it had not sent yet. */
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

/* A hash of minutes is of an hour, and one of hours is of a day. */
static void usage_in_redis_expires_minutes_after_a_week_and_hours_after_ninety_days(void **state)
{
    static const char script[] = "local keys = redis.call('KEYS', ARGV[1]) "
                                 "return #keys == 1 and redis.call('TTL', keys[1])";
    struct journal *journal = journal_on_redis();

    (void)state;
    decide(journal, "alice", 1, 0);
    assert_true(counts(journal, 1, 0, false));

    assert_in_range(redis_server_command(server, "EVAL %s 0 *:minutes:*", script)->integer,
                    7 * 86400, 8 * 86400);
    assert_in_range(redis_server_command(server, "EVAL %s 0 *:hours:*", script)->integer,
                    91 * 86400, 93 * 86400);
    journal_free(journal);
}

/* So no usage stays in Redis for ever, however and whenever a connection ends. */
static void usage_and_its_expiry_are_set_in_one_transaction(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    decide(journal, "alice", 1, 0);
    assert_true(counts(journal, 1, 0, false)); /* it has also looked for the rights that it needs */
    redis_server_command(server, "CONFIG RESETSTAT");
    decide(journal, "alice", 1, 0);
    assert_true(counts(journal, 2, 0, false));

    const redisReply *calls = redis_server_command(server, "INFO commandstats");
    assert_non_null(strstr(calls->str, "cmdstat_exec:calls=2,"));
    assert_non_null(strstr(calls->str, "cmdstat_hset:calls=2,"));
    journal_free(journal);
}

static void without_redis_usage_is_the_own_and_is_sent_later(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    decide(there, "bob", 1, 0);
    WAIT_FOR (JOURNAL_PATIENCE_S, counts(here, 1, 0, false))
        ;

    redis_server_kill(server);
    decide(here, "alice", 20, 4);
    WAIT_FOR (JOURNAL_PATIENCE_S, counts(here, 16, 4, true))
        ;
    redis_server_restart(server); /* empty, so what was sent before is sent again, too */

    WAIT_FOR (JOURNAL_PATIENCE_S, counts(there, 17, 4, false))
        ;
    journal_free(here);
    journal_free(there);
}

/* By FLUSHALL, a failover or an eviction: all of it, hashes, or single fields. */
static void what_redis_has_lost_is_sent_again_and_told(void **state)
{
    static const char *const losses[] = {
        "redis.call('FLUSHALL')",
        "redis.call('DEL', unpack(redis.call('KEYS', 'sluice:usage:*:minutes:*')))",
        "redis.call('DEL', unpack(redis.call('KEYS', 'sluice:usage:*:hours:*')))",
        "for _, key in ipairs(redis.call('KEYS', 'sluice:usage:*')) do "
        "redis.call('HDEL', key, unpack(redis.call('HKEYS', key))) end",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(losses); i++) {
        struct journal *here = journal_on_redis();
        struct journal *there = journal_on_redis();
        (void)redis_group_empty(state);
        decide_at(clock_wall_us() - 3 * MINUTE_US, here, "alice", 4, 0);
        assert_true(counts(here, 4, 0, false));
        decide(here, "alice", 10, 3);
        assert_true(counts(here, 11, 3, false));

        (void)redis_server_command(server, "EVAL %s 0", losses[i]);

        assert_true(counts(here, 11, 3, true)); /* others' may be missing */
        assert_true(counts(here, 11, 3, false));
        assert_true(counts(there, 11, 3, false));
        journal_free(here);
        journal_free(there);
    }
}

static void what_is_no_usage_is_passed_over(void **state)
{
    struct journal *journal = journal_on_redis();
    char command[200];
    const int64_t hour_s = clock_wall_us() / HOUR_US * HOUR_S;

    (void)state;
    decide(journal, "alice", 2, 1);
    (void)snprintf(command, sizeof command,
                   "HSET sluice:usage:{" JOURNAL_APP "}:minutes:%lld x y %lld:a z",
                   (long long)hour_s, (long long)hour_s);
    redis_server_command(server, command);

    assert_true(counts(journal, 1, 1, false));
    journal_free(journal);
}

/* Before the sums and the cost there were only counts and denied subjects. */
static void what_an_older_version_has_sent_is_told(void **state)
{
    static const char packed[] = "\x11"
                                 "\x02/a\x07"
                                 "default\x05\x07\x02\x00\x00\x00\x00";
    struct journal *journal = journal_on_redis();
    const int64_t minute_s = clock_wall_us() / MINUTE_US * MINUTE_S;
    char key[100];
    char field[40];

    (void)state;
    decide(journal, "alice", 2, 1);
    (void)snprintf(key, sizeof key, "sluice:usage:{" JOURNAL_APP "}:minutes:%lld",
                   (long long)(minute_s - minute_s % HOUR_S));
    (void)snprintf(field, sizeof field, "%lld:00000000000000aa", (long long)minute_s);
    redis_server_command(server, "HSET %s %s %b", key, field, packed, sizeof packed - 1);

    assert_true(counts(journal, 1 + 7, 1 + 2, false));
    journal_free(journal);
}

/* A week of minutes and ninety days of hours are hundreds of hashes in Redis. */
static void an_app_that_asks_little_is_answered_while_ninety_days_are_read(void **state)
{
    static const struct journal_job jobs[] = {
        {.tenant = 1,
         .app_id = JOURNAL_APP,
         .asks = JOURNAL_USAGE,
         .query = {.window_minutes = USAGE_MINUTES_MAX, .step_minutes = 90}},
        {.tenant = 2, .app_id = "appasking0000001", .filter = {.limit = 1}},
    };
    struct journal *journal = journal_unstarted_on_redis();
    struct journal_asked asked[2];
    struct error error;

    (void)state;
    decide(journal, "alice", 3, 0);

    assert_true(journal_answers_second_first(journal, asked, jobs));

    json_t *usage = document_parse(asked[0].job.answer, &error);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(usage, "totals"), "allowed")), 3);
    json_decref(usage);
    arena_close(&asked[0].arena);
    arena_close(&asked[1].arena);
    journal_free(journal);
}

#define WITH_REDIS(name) cmocka_unit_test_setup(name, redis_group_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_decisions_than_the_ring_holds_are_counted),
        cmocka_unit_test(decisions_of_many_threads_are_all_counted),
        cmocka_unit_test(a_charge_is_no_usage),
        WITH_REDIS(a_charge_is_no_usage_in_redis),
        cmocka_unit_test(a_clock_that_steps_back_stops_no_count),
        WITH_REDIS(a_clock_that_steps_back_stops_no_count_in_redis),
        cmocka_unit_test(two_hours_ahead_cost_nothing),
        WITH_REDIS(two_hours_ahead_cost_nothing_in_redis),
        cmocka_unit_test(usage_goes_by_the_clock_here_and_not_by_the_stores),
        WITH_REDIS(usage_in_redis_goes_by_the_clock_here_and_not_by_the_stores),
        WITH_REDIS(instances_sum_up_and_keep_what_a_stopped_one_sent),
        WITH_REDIS(an_app_that_asks_little_is_answered_while_ninety_days_are_read),
        WITH_REDIS(usage_in_redis_expires_minutes_after_a_week_and_hours_after_ninety_days),
        WITH_REDIS(usage_and_its_expiry_are_set_in_one_transaction),
        WITH_REDIS(without_redis_usage_is_the_own_and_is_sent_later),
        WITH_REDIS(what_redis_has_lost_is_sent_again_and_told),
        WITH_REDIS(what_is_no_usage_is_passed_over),
        WITH_REDIS(what_an_older_version_has_sent_is_told),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
