/* SPDX-License-Identifier: MIT
 *
 * Thousands of apps have something for Redis at once. They share its round trips, and a question
 * does not wait for all of them, also when it is asked while they go on. */
#include "journal_case.h"

#include "base/clock.h"
#include "journal/feed.h"
#include "support/fault_proxy.h"
#include "support/redis_group.h"
#include "support/wait.h"

#include <stdlib.h>

#define APPS      2500
#define DELAY_MS  100 /* of each answer of Redis */
#define FAR_MS    5   /* the same, of a Redis that is not near */
#define QUESTIONS 200

static const char asking_app[] = "appasking0000001";

static void record_for(struct journal *journal, int first, int last)
{
    for (int number = first; number < last; number++) {
        char app_id[APP_ID_BYTES + 1];

        (void)snprintf(app_id, sizeof app_id, "crowd%011d", number);
        journal_number(journal, app_id, number);
    }
}

static long long streams(void)
{
    const char *count = "return #redis.call('KEYS', 'sluice:log:*')";

    return redis_server_command(server, "EVAL %s 0", count)->integer;
}

static long long stream_length(int number)
{
    return redis_server_command(server, "XLEN sluice:log:{crowd%011d}", number)->integer;
}

/* How many reads Redis has done, from all its clients. */
static long long reads(void)
{
    static const char name[] = "total_reads_processed:";
    const char *stats = redis_server_command(server, "INFO stats")->str;
    const char *at = strstr(stats, name);

    assert_non_null(at);
    return strtoll(at + strlen(name), NULL, 10);
}

/* A journal whose Redis answers late. */
struct slow {
    struct fault_proxy *proxy;
    struct journal *journal;
};

static void slow_open(struct slow *slow, int delay_ms)
{
    const struct fault_proxy_options options = {.port = redis_server_port(server)};
    char url[REDIS_SERVER_URL_BYTES];

    slow->proxy = fault_proxy_start(&options);
    fault_proxy_set(slow->proxy, FAULT_PROXY_DELAY, delay_ms);
    redis_server_write_url(server, fault_proxy_port(slow->proxy), url);
    slow->journal = journal_on(url);
}

static void slow_close(struct slow *slow)
{
    journal_free(slow->journal);
    fault_proxy_stop(slow->proxy);
}

/* Redis reads 16 KB at a time, so an exchange of 64 apps takes a few reads. */
static void apps_share_a_round_trip(void **state)
{
    struct journal *journal = journal_on(redis_server_tcp_url(server));
    const long long reads_before = reads();
    long long looks = 0;

    (void)state;
    record_for(journal, 0, APPS);
    WAIT_FOR (JOURNAL_PATIENCE_S, looks++ >= 0 && streams() == APPS)
        ;

    assert_in_range(reads() - reads_before - looks, 1, APPS / 5);
    journal_free(journal);
}

static void a_question_is_answered_before_all_is_sent(void **state)
{
    const struct journal_job job = {.app_id = "appasking0000001", .filter = journal_everything};
    struct slow slow;

    (void)state;
    slow_open(&slow, DELAY_MS);
    record_for(slow.journal, 0, APPS);
    WAIT_FOR (JOURNAL_PATIENCE_S, streams() > 0)
        ;
    journal_number(slow.journal, asking_app, 1);

    json_t *entries = journal_await(slow.journal, &job);

    assert_int_equal(json_array_size(entries), 1);
    assert_in_range(streams(), 1, APPS - 1);
    json_decref(entries);
    slow_close(&slow);
    assert_int_equal(streams(), APPS + 1);
}

static int compare_times(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left;
    const int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

/* Each of these apps decides four times a second, so something of all of them is always on its
 * way. How long the answers took is only printed. */
static void questions_are_answered_while_thousands_decide(void **state)
{
    int64_t took_us[QUESTIONS];
    int64_t decide_us = 0;
    int64_t decisions = 0;
    struct slow slow;

    (void)state;
    slow_open(&slow, FAR_MS);
    for (int i = 0; i < QUESTIONS; i++) {
        struct journal_job job = {.filter = {.limit = 50}};
        const int number = i * (APPS / QUESTIONS);
        const int64_t now_us = clock_monotonic_us();

        if (now_us >= decide_us) {
            record_for(slow.journal, 0, APPS);
            decide_us = now_us + JOURNAL_FLUSH_US;
            decisions++;
        }
        (void)snprintf(job.app_id, sizeof job.app_id, "crowd%011d", number);
        const int64_t asked_us = clock_monotonic_us();
        json_t *entries = journal_await(slow.journal, &job);
        took_us[i] = clock_monotonic_us() - asked_us;

        assert_int_equal(json_array_size(entries), decisions < 50 ? decisions : 50);
        json_decref(entries);
    }
    qsort(took_us, QUESTIONS, sizeof took_us[0], compare_times);
    print_message("of %d answers half took at most %lld ms, and 99 in 100 at most %lld ms\n",
                  QUESTIONS, (long long)(took_us[QUESTIONS / 2] / MILLISECOND_US),
                  (long long)(took_us[QUESTIONS * 99 / 100] / MILLISECOND_US));
    slow_close(&slow);
}

static void a_stop_is_honoured_before_all_is_sent(void **state)
{
    struct slow slow;

    (void)state;
    slow_open(&slow, DELAY_MS);
    record_for(slow.journal, 0, APPS);
    WAIT_FOR (JOURNAL_PATIENCE_S, streams() > 0)
        ;

    const bool has_ended = journal_stop(slow.journal, clock_monotonic_us(),
                                        clock_monotonic_us() + JOURNAL_PATIENCE_S * SECOND_US);

    assert_true(has_ended);
    assert_in_range(streams(), 1, APPS - 1);
    slow_close(&slow);
}

/* The apps share an exchange. */
static void a_damaged_key_fails_for_its_app_alone(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    for (int number = 10; number < 50; number += 10)
        (void)redis_server_command(server, "SET sluice:log:{crowd%011d} x", number);
    record_for(journal, 0, 64);
    record_for(journal, 0, 64);

    for (int number = 0; number < 64; number++) {
        WAIT_FOR (JOURNAL_PATIENCE_S,
                  strcmp(redis_server_command(server, "TYPE sluice:log:{crowd%011d}", number)->str,
                         "stream") == 0 &&
                      stream_length(number) == 2)
            ;
    }
    assert_int_equal(journal_counts(journal).replaced, 4);
    assert_int_equal(journal_counts(journal).flush_failures, 0);
    journal_free(journal);
}

/* A full ring of long records is sent in parts. */
static void an_app_with_much_to_send_delays_nobody_and_loses_nothing(void **state)
{
    struct journal *journal = journal_on_redis();
    char name[257];

    (void)state;
    memset(name, 'x', 256);
    name[256] = '\0';
    for (int i = 0; i < JOURNAL_RECORDS; i++) {
        const struct subject user = {TEXT("user"), text_of(name)};
        const struct record record = {
            .subjects = {1, &user}, .route = text_of(name), .mode = "enforce"};

        journal_record(journal_app(journal, JOURNAL_APP), &record);
    }
    record_for(journal, 0, 10);

    for (int number = 0; number < 10; number++) {
        WAIT_FOR (JOURNAL_PATIENCE_S, stream_length(number) == 1)
            ;
    }
    WAIT_FOR (JOURNAL_PATIENCE_S,
              redis_server_command(server, "XLEN " JOURNAL_STREAM)->integer == JOURNAL_RECORDS)
        ;
    assert_int_equal(journal_counts(journal).dropped, 0);
    journal_free(journal);
}

/* If Redis does not answer an exchange, each of its apps is then sent alone, once. */
static void what_was_on_its_way_when_redis_was_lost_is_sent_again(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    record_for(journal, 0, 200);
    WAIT_FOR (JOURNAL_PATIENCE_S, streams() == 200)
        ;
    redis_server_kill(server);
    record_for(journal, 0, 200);
    WAIT_FOR (JOURNAL_PATIENCE_S, journal_counts(journal).flush_failures > 0)
        ;
    redis_server_restart(server);

    WAIT_FOR (JOURNAL_PATIENCE_S, streams() == 200)
        ;
    journal_free(journal);
    /* Twice, if an answer came back late: the reader of the log sees that. */
    for (int number = 0; number < 200; number++)
        assert_true(stream_length(number) >= 1);
}

#define WITH_REDIS(name) cmocka_unit_test_setup(name, redis_group_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REDIS(apps_share_a_round_trip),
        WITH_REDIS(a_question_is_answered_before_all_is_sent),
        WITH_REDIS(questions_are_answered_while_thousands_decide),
        WITH_REDIS(a_stop_is_honoured_before_all_is_sent),
        WITH_REDIS(a_damaged_key_fails_for_its_app_alone),
        WITH_REDIS(an_app_with_much_to_send_delays_nobody_and_loses_nothing),
        WITH_REDIS(what_was_on_its_way_when_redis_was_lost_is_sent_again),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
