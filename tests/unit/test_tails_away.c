/* SPDX-License-Identifier: MIT
 *
 * What the tails of a log get while its stream cannot be read, and afterwards. */
#include "follower.h"
#include "journal_case.h"
#include "support/redis_group.h"
#include "support/wait.h"

/* Which mark the event of an entry of this journal has: "<instance>-<read>+" and its own id. */
static void expect_ahead(const struct follower *follower, uint64_t instance, int read, int number)
{
    const struct log_mark mark = {{instance, (uint64_t)read},
                                  {instance_of(follower->journal), (uint64_t)number}};
    char space[LOG_MARK_BYTES];
    char line[LOG_MARK_BYTES + sizeof("id: \n")];

    (void)snprintf(line, sizeof(line), "id: %s\n", log_mark_write(&mark, space).at);
    assert_non_null(strstr(follower->text, line));
}

static void while_redis_is_away_the_ring_is_followed_and_nothing_comes_twice(void **state)
{
    struct journal *journal = journal_on_redis();
    struct follower follower;
    (void)state;
    follower_open(&follower, journal, &journal_everything, NULL);
    journal_numbers(journal, 1, 2);
    follower_wait(&follower, 2);

    redis_server_kill(server);
    journal_numbers(journal, 3, 5);
    follower_wait(&follower, 5);
    for (int number = 3; number <= 5; number++)
        expect_ahead(&follower, instance_of(journal), 2, number);
    redis_server_restart(server);
    WAIT_FOR (JOURNAL_PATIENCE_S,
              redis_server_command(server, "XLEN %s", JOURNAL_STREAM)->integer >= 3)
        ;
    send_elsewhere(1, 1);
    journal_numbers(journal, 6, 6);

    follower_wait(&follower, 7);
    expect_numbers(&follower, instance_of(journal), 1, 6);
    assert_int_equal(follower.gaps, 0);
    follower_close(&follower);
}

/* Something else is in the place of the stream, so it cannot be read. */
static void what_others_did_before_the_stream_could_be_read_is_a_gap(void **state)
{
    struct journal *journal = journal_on_redis();
    struct follower follower;
    (void)state;
    send_elsewhere(1, 5);
    redis_server_command(server, "RENAME %s aside", JOURNAL_STREAM);
    redis_server_command(server, "SET %s other", JOURNAL_STREAM);
    follower_open(&follower, journal, &journal_everything, NULL);

    redis_server_command(server, "RENAME aside %s", JOURNAL_STREAM);
    WAIT_FOR (JOURNAL_PATIENCE_S, follower.gaps == 1)
        (void)follower_take(&follower);
    send_elsewhere(6, 7);
    journal_numbers(journal, 1, 1);

    follower_wait(&follower, 3);
    assert_memory_equal(follower.text, UNKNOWN_GAP, strlen(UNKNOWN_GAP));
    expect_numbers(&follower, ELSEWHERE, 6, 7);
    expect_numbers(&follower, instance_of(journal), 1, 1);
    assert_int_equal(follower.gaps, 1);
    follower_close(&follower);
}

static void what_was_shown_ahead_is_not_shown_again(void **state)
{
    struct journal *journal = journal_on_redis();
    const struct log_mark after = {{ELSEWHERE, 2}, {instance_of(journal), 5}};
    struct follower follower;
    (void)state;
    send_elsewhere(1, 7);
    journal_numbers(journal, 1, 6);
    expect_stream_length(7 + 6);

    follower_open(&follower, journal, &journal_everything, &after);

    follower_wait(&follower, 5 + 1);
    expect_numbers(&follower, ELSEWHERE, 3, 7);
    expect_numbers(&follower, instance_of(journal), 6, 6);
    assert_int_equal(follower.gaps, 0);
    follower_close(&follower);
}

static void a_reader_goes_on_in_the_ring_behind_what_was_shown_ahead(void **state)
{
    struct journal *journal = journal_on_redis();
    const struct log_mark after = {{ELSEWHERE, 2}, {instance_of(journal), 5}};
    struct follower follower;
    (void)state;
    redis_server_kill(server);
    journal_numbers(journal, 1, 6);
    follower_open(&follower, journal, &journal_everything, &after);

    journal_numbers(journal, 7, 7);

    follower_wait(&follower, 2);
    expect_ahead(&follower, ELSEWHERE, 2, 6);
    expect_ahead(&follower, ELSEWHERE, 2, 7);
    assert_int_equal(follower.gaps, 0);
    redis_server_restart(server);
    follower_close(&follower);
}

static void who_has_read_nothing_of_the_log_is_told_so_when_it_comes_back(void **state)
{
    struct journal *journal = journal_on_redis();
    struct log_mark after = log_mark_of_nothing;
    struct follower follower;
    (void)state;
    redis_server_kill(server);
    follower_open(&follower, journal, &journal_everything, NULL);
    journal_numbers(journal, 1, 2);
    follower_wait(&follower, 2);
    expect_ahead(&follower, 0, 1, 2);
    follower_close(&follower);

    redis_server_restart(server);
    journal = journal_on_redis();
    send_elsewhere(1, 3);
    after.ahead = (struct entry_id){ELSEWHERE, 2};
    follower_open(&follower, journal, &journal_everything, &after);

    follower_wait(&follower, 1);
    expect_numbers(&follower, ELSEWHERE, 3, 3);
    assert_memory_equal(follower.text, UNKNOWN_GAP, strlen(UNKNOWN_GAP));
    assert_int_equal(follower.gaps, 1);
    follower_close(&follower);
}

static void what_was_never_shown_ahead_hides_nothing(void **state)
{
    struct journal *journal = journal_on_redis();
    const struct log_mark after = {{instance_of(journal), 1}, {instance_of(journal), 99}};
    struct follower follower;
    (void)state;
    journal_numbers(journal, 1, 3);
    expect_stream_length(3);

    follower_open(&follower, journal, &journal_everything, &after);

    follower_wait(&follower, 2);
    expect_numbers(&follower, instance_of(journal), 2, 3);
    assert_int_equal(follower.gaps, 0);
    follower_close(&follower);
}

/* A server that is out of memory is read, and does not take the entries. Others have sent theirs
 * before that. */
static void what_redis_does_not_take_comes_ahead_of_the_log(void **state)
{
    struct journal *journal = journal_on_redis();
    const struct log_mark mark = {{ELSEWHERE, 5}, {instance_of(journal), 2}};
    char space[LOG_MARK_BYTES];
    struct follower follower;
    (void)state;
    send_elsewhere(1, 3);
    redis_server_command(server, "EVAL %s 2 %s before",
                         "redis.call('RESTORE', KEYS[2], 0, redis.call('DUMP', KEYS[1]))",
                         JOURNAL_STREAM);
    send_elsewhere(4, 5);
    redis_server_command(server, "RENAME %s aside", JOURNAL_STREAM);
    redis_server_command(server, "RENAME before %s", JOURNAL_STREAM);
    follower_open(&follower, journal, &journal_everything, NULL);
    redis_server_command(server, "CONFIG SET maxmemory 1");

    journal_numbers(journal, 1, 2);
    follower_wait(&follower, 2);
    expect_ahead(&follower, ELSEWHERE, 3, 2);
    redis_server_command(server, "RENAME aside %s", JOURNAL_STREAM);
    follower_wait(&follower, 4);
    assert_non_null(strstr(follower.text, log_mark_write(&mark, space).at));
    redis_server_command(server, "CONFIG SET maxmemory 0");
    expect_stream_length(5 + 2);
    journal_numbers(journal, 3, 3);

    follower_wait(&follower, 5);
    expect_numbers(&follower, ELSEWHERE, 4, 5);
    expect_numbers(&follower, instance_of(journal), 1, 3);
    assert_int_equal(follower.gaps, 0);
    follower_close(&follower);
}

static void a_stream_that_begins_anew_with_earlier_times_is_followed(void **state)
{
    struct journal *journal = journal_on_redis();
    struct follower follower;
    (void)state;
    send_elsewhere(1, 2);
    redis_server_command(server, "RENAME %s aside", JOURNAL_STREAM);
    redis_server_command(server, "XADD %s 99999999999999-0 other other", JOURNAL_STREAM);
    follower_open(&follower, journal, &journal_everything, NULL);

    redis_server_command(server, "RENAME aside %s", JOURNAL_STREAM);
    WAIT_FOR (JOURNAL_PATIENCE_S, follower.gaps == 1)
        (void)follower_take(&follower);
    send_elsewhere(3, 4);
    journal_numbers(journal, 1, 1);

    follower_wait(&follower, 3);
    assert_memory_equal(follower.text, UNKNOWN_GAP, strlen(UNKNOWN_GAP));
    expect_numbers(&follower, ELSEWHERE, 3, 4);
    expect_numbers(&follower, instance_of(journal), 1, 1);
    assert_int_equal(follower.gaps, 1);
    follower_close(&follower);
}

#define WITH_REDIS(name) cmocka_unit_test_setup(name, redis_group_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REDIS(while_redis_is_away_the_ring_is_followed_and_nothing_comes_twice),
        WITH_REDIS(what_others_did_before_the_stream_could_be_read_is_a_gap),
        WITH_REDIS(what_was_shown_ahead_is_not_shown_again),
        WITH_REDIS(a_reader_goes_on_in_the_ring_behind_what_was_shown_ahead),
        WITH_REDIS(who_has_read_nothing_of_the_log_is_told_so_when_it_comes_back),
        WITH_REDIS(what_was_never_shown_ahead_hides_nothing),
        WITH_REDIS(what_redis_does_not_take_comes_ahead_of_the_log),
        WITH_REDIS(a_stream_that_begins_anew_with_earlier_times_is_followed),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
