/* SPDX-License-Identifier: MIT
 *
 * What the tails of a log get: from rings, and from a Redis that other instances write to. */
#include "../../src/journal/flusher.h"
#include "../../src/journal/journal_apps.h"

#include "follower.h"
#include "journal_case.h"
#include "support/redis_group.h"
#include "support/wait.h"

#include <poll.h>

static void without_a_feed_what_is_recorded_comes_in_order(void **state)
{
    struct journal *journal = journal_alone();
    struct follower follower;
    (void)state;
    journal_numbers(journal, 1, 3);
    follower_open(&follower, journal, &journal_everything, NULL);

    journal_numbers(journal, 4, 8);

    follower_wait(&follower, 5);
    expect_numbers(&follower, instance_of(journal), 4, 8);
    follower_close(&follower);
}

static void only_what_the_filter_takes_comes(void **state)
{
    static const struct record_filter denied = {.allowed = RECORD_DENIED};
    struct journal *journal = journal_alone();
    struct follower follower;
    (void)state;
    follower_open(&follower, journal, &denied, NULL);

    journal_numbers(journal, 1, 9);

    follower_wait(&follower, 3);
    assert_int_equal(follower.gaps, 0);
    follower_close(&follower);
}

static void a_ring_that_was_overwritten_is_a_gap_and_then_all_that_is_kept(void **state)
{
    struct journal *journal = journal_alone();
    struct follower follower;
    (void)state;
    journal_numbers(journal, 1, 1500);
    const struct log_mark after = {.read = {instance_of(journal), 100}};

    follower_open(&follower, journal, &journal_everything, &after);

    follower_wait(&follower, JOURNAL_RECORDS);
    assert_int_equal(follower.gaps, 1);
    assert_memory_equal(follower.text, "event: gap\ndata: {\"missed\":400}\n\n",
                        strlen("event: gap\ndata: {\"missed\":400}\n\n"));
    expect_numbers(&follower, after.read.instance, 501, 1500);
    follower_close(&follower);
}

static void a_tail_that_nobody_reads_is_told_what_it_missed(void **state)
{
    enum { BATCH = 500, BATCHES = 6 };
    struct journal *journal = journal_alone();
    struct follower lazy;
    struct follower diligent;
    (void)state;
    follower_open(&diligent, journal, &journal_everything, NULL);
    lazy = diligent;
    lazy.text = calloc(1, FOLLOWER_TEXT_MAX);
    lazy.tail =
        tail_open(lazy.group, &(struct tail_options){JOURNAL_APP, &journal_everything, NULL});
    WAIT_FOR (JOURNAL_PATIENCE_S, tail_has_begun(lazy.tail))
        queue_drain(lazy.wakes);

    for (int i = 0; i < BATCHES; i++) {
        journal_numbers(journal, 1, BATCH);
        follower_wait(&diligent, (i + 1) * BATCH);
    }
    WAIT_FOR (JOURNAL_PATIENCE_S, lazy.gaps == 1)
        (void)follower_take(&lazy);

    int missed;
    assert_int_equal(sscanf(strstr(lazy.text, "missed"), "missed\":%d}", &missed), 1);
    assert_int_equal(lazy.events + missed, BATCH * BATCHES);
    assert_int_equal(diligent.gaps, 0);
    tail_close(lazy.tail);
    free(lazy.text);
    follower_close(&diligent);
}

static void an_app_has_so_many_tails_and_no_more(void **state)
{
    struct journal *journal = journal_alone();
    const struct tail_options options = {JOURNAL_APP, &journal_everything, NULL};
    struct tail *others[TAILS_PER_APP - 1];
    struct follower follower;
    (void)state;
    follower_open(&follower, journal, &journal_everything, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        others[i] = tail_open(follower.group, &options);
        assert_non_null(others[i]);
    }

    assert_null(tail_open(follower.group, &options));
    tail_close(others[0]);
    others[0] = tail_open(follower.group, &options);
    assert_non_null(others[0]);

    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        tail_close(others[i]);
    follower_close(&follower);
}

static void what_another_instance_sends_comes_once_although_it_is_there_twice(void **state)
{
    struct journal *journal = journal_on_redis();
    struct follower follower;
    (void)state;
    send_elsewhere(1, 2);
    follower_open(&follower, journal, &journal_everything, NULL);

    send_elsewhere(3, 5);
    send_elsewhere(4, 7);
    journal_numbers(journal, 1, 2);

    follower_wait(&follower, 5 + 2);
    expect_numbers(&follower, ELSEWHERE, 3, 7);
    expect_numbers(&follower, instance_of(journal), 1, 2);
    assert_int_equal(follower.gaps, 0);
    follower_close(&follower);
}

static void numbers_that_are_missing_are_a_gap(void **state)
{
    struct journal *journal = journal_on_redis();
    struct follower follower;
    (void)state;
    follower_open(&follower, journal, &journal_everything, NULL);

    send_elsewhere(1, 2);
    follower_wait(&follower, 2);
    send_elsewhere(8, 8);

    follower_wait(&follower, 3);
    assert_non_null(strstr(follower.text, "event: gap\ndata: {\"missed\":5}\n\n"));
    follower_close(&follower);
}

static void a_tail_goes_on_behind_an_entry_in_the_stream(void **state)
{
    struct journal *journal = journal_on_redis();
    const struct log_mark after = {.read = {ELSEWHERE, 250}};
    struct follower follower;
    (void)state;
    send_elsewhere(1, 300);
    send_elsewhere(200, 400); /* a copy of some */

    follower_open(&follower, journal, &journal_everything, &after);
    follower_wait(&follower, 150);
    send_elsewhere(401, 402);
    follower_wait(&follower, 152);

    expect_numbers(&follower, ELSEWHERE, 251, 402);
    assert_int_equal(follower.gaps, 0);
    follower_close(&follower);
}

static void an_entry_that_is_not_sent_yet_is_no_gap(void **state)
{
    struct journal *journal = journal_on_redis();
    const struct log_mark after = {.read = {ELSEWHERE, 4}};
    struct follower follower;
    (void)state;
    send_elsewhere(1, 3);

    follower_open(&follower, journal, &journal_everything, &after);
    send_elsewhere(4, 6);

    follower_wait(&follower, 2);
    expect_numbers(&follower, ELSEWHERE, 5, 6);
    assert_int_equal(follower.gaps, 0);
    follower_close(&follower);
}

static void what_was_decided_before_it_began_is_neither_shown_nor_missed(void **state)
{
    struct journal *journal = journal_unstarted_on_redis();
    struct follower follower;
    (void)state;
    journal_numbers(journal, 1, 2);
    follower_ask(&follower, journal, &journal_everything, NULL);
    journal_numbers(journal, 3, 5);
    journal_start(journal);
    follower_begin(&follower);

    journal_numbers(journal, 6, 6);

    follower_wait(&follower, 1);
    expect_numbers(&follower, instance_of(journal), 6, 6);
    assert_int_equal(follower.gaps, 0);
    follower_close(&follower);
}

static void a_number_that_was_never_given_is_a_gap_and_then_all_that_is_kept(void **state)
{
    (void)state;
    for (int is_elsewhere = 0; is_elsewhere < 2; is_elsewhere++) {
        struct journal *journal = journal_on_redis();
        const uint64_t instance = is_elsewhere ? ELSEWHERE : instance_of(journal);
        const struct log_mark after = {.read = {instance, is_elsewhere ? JOURNAL_RECORDS + 4 : 4}};
        struct follower follower;
        redis_server_command(server, "DEL %s", JOURNAL_STREAM);
        if (is_elsewhere)
            send_elsewhere(1, 3);
        else
            journal_numbers(journal, 1, 3);
        expect_stream_length(3);

        follower_open(&follower, journal, &journal_everything, &after);

        follower_wait(&follower, 3);
        assert_memory_equal(follower.text, UNKNOWN_GAP, strlen(UNKNOWN_GAP));
        expect_numbers(&follower, instance, 1, 3);
        assert_int_equal(follower.gaps, 1);
        follower_close(&follower);
    }
}

static void all_that_come_back_at_once_catch_up(void **state)
{
    struct journal *journal = journal_on_redis();
    const struct log_mark after = {.read = {ELSEWHERE, 1}};
    const struct tail_options options = {JOURNAL_APP, &journal_everything, &after};
    struct follower followers[TAILS_PER_APP];
    (void)state;
    send_elsewhere(1, 100);
    follower_ask(&followers[0], journal, &journal_everything, &after);
    for (size_t i = 1; i < TAILS_PER_APP; i++) {
        followers[i] = followers[0];
        followers[i].text = calloc(1, FOLLOWER_TEXT_MAX);
        followers[i].tail = tail_open(followers[0].group, &options);
        assert_non_null(followers[i].tail);
    }

    for (size_t i = TAILS_PER_APP; i > 0; i--) {
        follower_wait(&followers[i - 1], 99);
        expect_numbers(&followers[i - 1], ELSEWHERE, 2, 100);
        assert_int_equal(followers[i - 1].gaps, 0);
    }

    for (size_t i = 1; i < TAILS_PER_APP; i++) {
        tail_close(followers[i].tail);
        free(followers[i].text);
    }
    follower_close(&followers[0]);
}

static void a_number_that_this_instance_has_not_given_hides_nothing(void **state)
{
    static const char *const add =
        "local e = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][2][2]\n"
        "redis.call('XADD', KEYS[1], '*', 'e', e, 'o', ARGV[1])";
    struct journal *journal = journal_on_redis();
    const struct entry_id id = {instance_of(journal), INT64_MAX};
    struct follower follower;
    char space[ENTRY_ID_BYTES];
    (void)state;
    follower_open(&follower, journal, &journal_everything, NULL);
    journal_numbers(journal, 1, 2);
    follower_wait(&follower, 2);

    redis_server_command(server, "EVAL %s 1 %s %s", add, JOURNAL_STREAM,
                         entry_id_write(&id, space).at);
    journal_numbers(journal, 3, 4);

    follower_wait(&follower, 4);
    expect_numbers(&follower, id.instance, 1, 4);
    assert_int_equal(follower.gaps, 0);
    follower_close(&follower);
}

static bool flusher_is_asked(const struct journal_app *app)
{
    struct pollfd asks = {.fd = flusher_asks_fd(app->flusher), .events = POLLIN};

    return poll(&asks, 1, 0) == 1;
}

static void a_ring_that_is_half_full_asks_to_be_sent(void **state)
{
    struct journal *journal = journal_unstarted_on_redis();
    const struct journal_app *app = journal_app(journal, JOURNAL_APP);
    (void)state;

    journal_numbers(journal, 1, JOURNAL_RECORDS / 2 - 1);
    assert_false(flusher_is_asked(app));
    journal_numbers(journal, JOURNAL_RECORDS / 2, JOURNAL_RECORDS / 2);
    assert_true(flusher_is_asked(app));

    journal_start(journal);
    WAIT_FOR (JOURNAL_PATIENCE_S, app->sent == JOURNAL_RECORDS / 2)
        ;
    journal_free(journal);
}

#define WITH_REDIS(name) cmocka_unit_test_setup(name, redis_group_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_feed_what_is_recorded_comes_in_order),
        cmocka_unit_test(only_what_the_filter_takes_comes),
        cmocka_unit_test(a_ring_that_was_overwritten_is_a_gap_and_then_all_that_is_kept),
        cmocka_unit_test(a_tail_that_nobody_reads_is_told_what_it_missed),
        cmocka_unit_test(an_app_has_so_many_tails_and_no_more),
        WITH_REDIS(what_another_instance_sends_comes_once_although_it_is_there_twice),
        WITH_REDIS(numbers_that_are_missing_are_a_gap),
        WITH_REDIS(a_tail_goes_on_behind_an_entry_in_the_stream),
        WITH_REDIS(an_entry_that_is_not_sent_yet_is_no_gap),
        WITH_REDIS(what_was_decided_before_it_began_is_neither_shown_nor_missed),
        WITH_REDIS(a_number_that_was_never_given_is_a_gap_and_then_all_that_is_kept),
        WITH_REDIS(a_number_that_this_instance_has_not_given_hides_nothing),
        WITH_REDIS(all_that_come_back_at_once_catch_up),
        WITH_REDIS(a_ring_that_is_half_full_asks_to_be_sent),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
