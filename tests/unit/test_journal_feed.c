/* SPDX-License-Identifier: MIT
 *
 * The log that instances share through a stream in Redis. */
#include "../../src/journal/journal_apps.h"
#include "journal_case.h"

#include "base/document.h"
#include "base/duration.h"
#include "journal/feed.h"
#include "support/redis_group.h"
#include "support/topologies.h"
#include "support/wait.h"

static long long redis_integer(const char *command)
{
    return redis_server_command(server, command)->integer;
}

static void another_instance_sees_a_decision(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    journal_numbers(here, 1, 5);

    WAIT_FOR (5, journal_shows(there, 1, 5))
        ;
    journal_free(here);
    journal_free(there);
}

static void the_own_decision_is_visible_at_once_with_a_feed_too(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    for (int64_t number = 1; number <= 100; number++) {
        journal_number(journal, JOURNAL_APP, number);
        assert_true(journal_shows(journal, 1, number));
    }
    assert_int_equal(redis_integer("XLEN " JOURNAL_STREAM), 100);
    journal_free(journal);
}

static void filters_choose_from_the_feed(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    journal_expect_filters(journal);
    journal_free(journal);
}

static void parts_of_an_entry_come_back_from_the_feed(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    journal_expect_parts(journal);
    journal_free(journal);
}

static void a_charge_is_kept_and_told_apart(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    journal_expect_charges(journal);
    journal_free(journal);
}

static void instances_together_show_every_decision_once_in_order_of_time(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    /* The later ones reach the stream first. */
    for (int64_t number = 101; number <= 200; number++)
        journal_number(here, JOURNAL_APP, number);
    assert_int_equal(journal_count(here), 100);
    for (int64_t number = 1; number <= 100; number++)
        journal_number(there, JOURNAL_APP, number);

    assert_true(journal_shows(there, 1, 200));
    assert_true(journal_shows(here, 1, 200));
    journal_free(here);
    journal_free(there);
}

/* The clock of the store is one for all, so microseconds tell which came first. */
static void decisions_of_one_millisecond_are_in_order(void **state)
{
    const struct subject alice = {TEXT("user"), TEXT("alice")};
    struct journal *journals[] = {journal_on_redis(), journal_on_redis()};

    (void)state;
    /* Each instance sends all of its own before or after those of the other. */
    for (int64_t number = 1; number <= 10; number++) {
        const struct record record = {
            .time_us = INT64_C(1795270335042000) + number,
            .subjects = {1, &alice},
            .route = TEXT("/a"),
            .costs = {.requests = number},
            .mode = "enforce",
        };

        journal_record(journal_app(journals[number % 2], JOURNAL_APP), &record);
    }
    assert_in_range(journal_count(journals[0]), 5, 10); /* it has sent its own */

    assert_true(journal_shows(journals[1], 1, 10));
    assert_true(journal_shows(journals[0], 1, 10));
    journal_free(journals[0]);
    journal_free(journals[1]);
}

/* Of the store, or of an instance that decided without it. */
static void the_newest_come_first_although_a_clock_was_ahead(void **state)
{
    const struct subject alice = {TEXT("user"), TEXT("alice")};
    struct journal *journals[] = {journal_on_redis(), journal_on_redis()};

    (void)state;
    for (int64_t number = 1; number <= 20; number++) {
        const struct record record = {
            .time_us = (number <= 10 ? 2 * HOUR_US : HOUR_US) + number * SECOND_US,
            .subjects = {1, &alice},
            .route = TEXT("/a"),
            .costs = {.requests = number},
            .mode = "enforce",
        };

        journal_record(journal_app(journals[number / 2 % 2], JOURNAL_APP), &record);
        assert_in_range(journal_count(journals[number / 2 % 2]), number, number);
    }

    assert_true(journal_shows(journals[0], 1, 20));
    assert_true(journal_shows(journals[1], 1, 20));
    journal_free(journals[0]);
    journal_free(journals[1]);
}

static void an_entry_sent_twice_is_shown_once(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    journal_numbers(journal, 1, 3);
    assert_true(journal_shows(journal, 1, 3));

    redis_server_command(server, "EVAL %s 1 " JOURNAL_STREAM,
                         "local all = redis.call('XRANGE', KEYS[1], '-', '+')\n"
                         "for _, entry in ipairs(all) do\n"
                         "    redis.call('XADD', KEYS[1], '*', unpack(entry[2]))\n"
                         "end");

    assert_int_equal(redis_integer("XLEN " JOURNAL_STREAM), 6);
    assert_true(journal_shows(journal, 1, 3));
    journal_free(journal);
}

static void what_is_no_entry_is_passed_over(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    journal_numbers(journal, 1, 3);
    assert_true(journal_shows(journal, 1, 3));

    redis_server_command(server, "XADD " JOURNAL_STREAM " * e {} o x");
    redis_server_command(server, "XADD " JOURNAL_STREAM " * e {");
    redis_server_command(server, "XADD " JOURNAL_STREAM " * e [ o x");

    assert_true(journal_shows(journal, 1, 3));
    journal_free(journal);
}

/* Adds the newest entry again with other fields. */
static void add_forged(const char *first, const char *second, const struct entry_id *origin)
{
    char name[ENTRY_ID_BYTES];

    redis_server_command(server, "EVAL %s 1 " JOURNAL_STREAM " %s %s %s",
                         "local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)\n"
                         "redis.call('XADD', KEYS[1], '*', ARGV[1], newest[1][2][2], ARGV[2],\n"
                         "           ARGV[3])",
                         first, second, entry_id_write(origin, name).at);
}

static void what_no_instance_has_sent_is_passed_over(void **state)
{
    struct journal *journal = journal_on_redis();
    const uint64_t here = journal_app(journal, JOURNAL_APP)->instance;

    (void)state;
    journal_numbers(journal, 1, 3);
    assert_true(journal_shows(journal, 1, 3));

    add_forged("e", "o", &(struct entry_id){here, 4});
    add_forged("e", "o", &(struct entry_id){here, INT64_MAX});
    add_forged("x", "y", &(struct entry_id){1, 1});
    add_forged("o", "e", &(struct entry_id){1, 2});
    assert_int_equal(redis_integer("XLEN " JOURNAL_STREAM), 7);

    assert_true(journal_shows(journal, 1, 3));
    journal_free(journal);
}

/* Whole nodes are trimmed, so at most one node too many is left. */
#define STREAM_LENGTH_MAX (JOURNAL_RECORDS + 100)

static void the_stream_is_bounded_and_expires(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    for (int64_t number = 1; number <= 5000; number += 500) {
        journal_numbers(journal, number, number + 499);
        assert_true(journal_shows(journal, number > 500 ? number - 500 : 1, number + 499));
    }

    assert_in_range(redis_integer("XLEN " JOURNAL_STREAM), JOURNAL_RECORDS, STREAM_LENGTH_MAX);
    assert_in_range(redis_integer("TTL " JOURNAL_STREAM), FEED_EXPIRY_S - 60, FEED_EXPIRY_S);
    journal_free(journal);
}

static void what_was_overwritten_is_not_sent(void **state)
{
    struct ring ring;
    uint64_t sent = 0;

    (void)state;
    ring_init(&ring);
    struct feed *feed = feed_new(topology_at(redis_server_unix_url(server)), 1);
    const struct subject alice = {TEXT("user"), TEXT("alice")};
    const struct record record = {.subjects = {1, &alice}, .mode = "enforce"};
    for (int i = 0; i < 2550; i++)
        ring_add(&ring, &record);

    enum feed_sent outcome = FEED_SENT_SOME;
    while (outcome == FEED_SENT_SOME)
        outcome = feed_send(feed, JOURNAL_APP, &ring, &sent);
    assert_int_equal(outcome, FEED_SENT_ALL);

    /* If all had been sent, whole nodes of 100 would be trimmed, and 1050 would be left. */
    assert_int_equal(redis_integer("XLEN " JOURNAL_STREAM), JOURNAL_RECORDS);
    assert_int_equal(sent, 2550);
    feed_free(feed);
    ring_close(&ring);
}

static void an_app_that_asks_little_is_answered_while_a_long_log_is_read(void **state)
{
    static const struct journal_job jobs[] = {
        {.tenant = 1, .app_id = JOURNAL_APP, .filter = {.limit = JOURNAL_RECORDS}},
        {.tenant = 2, .app_id = "appasking0000001", .filter = {.limit = 1}},
    };
    struct journal *journal = journal_unstarted_on_redis();
    struct journal_asked asked[2];
    struct error error;

    (void)state;
    journal_numbers(journal, 1, JOURNAL_RECORDS);

    assert_true(journal_answers_second_first(journal, asked, jobs));

    json_t *entries = document_parse(asked[0].job.answer, &error);
    assert_int_equal(json_array_size(entries), JOURNAL_RECORDS);
    assert_int_equal(journal_number_at(entries, JOURNAL_RECORDS - 1), 1);
    json_decref(entries);
    arena_close(&asked[0].arena);
    arena_close(&asked[1].arena);
    journal_free(journal);
}

static void threads_record_into_the_feed(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    journal_numbers_from_threads(here);

    WAIT_FOR (JOURNAL_PATIENCE_S, journal_count(there) == JOURNAL_RECORDS)
        ;
    journal_free(here);
    journal_free(there);
}

static void freeing_flushes(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    journal_numbers(journal, 1, 50);
    journal_free(journal);

    assert_int_equal(redis_integer("XLEN " JOURNAL_STREAM), 50);
}

#define WITH_REDIS(name) cmocka_unit_test_setup(name, redis_group_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REDIS(another_instance_sees_a_decision),
        WITH_REDIS(the_own_decision_is_visible_at_once_with_a_feed_too),
        WITH_REDIS(filters_choose_from_the_feed),
        WITH_REDIS(parts_of_an_entry_come_back_from_the_feed),
        WITH_REDIS(a_charge_is_kept_and_told_apart),
        WITH_REDIS(instances_together_show_every_decision_once_in_order_of_time),
        WITH_REDIS(decisions_of_one_millisecond_are_in_order),
        WITH_REDIS(the_newest_come_first_although_a_clock_was_ahead),
        WITH_REDIS(an_entry_sent_twice_is_shown_once),
        WITH_REDIS(what_is_no_entry_is_passed_over),
        WITH_REDIS(what_no_instance_has_sent_is_passed_over),
        WITH_REDIS(the_stream_is_bounded_and_expires),
        WITH_REDIS(what_was_overwritten_is_not_sent),
        WITH_REDIS(an_app_that_asks_little_is_answered_while_a_long_log_is_read),
        WITH_REDIS(threads_record_into_the_feed),
        WITH_REDIS(freeing_flushes),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
