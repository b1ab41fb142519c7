/* SPDX-License-Identifier: MIT
 *
 * Redis is away or hangs: what the journal shows meanwhile, what it sends later, and what it counts
 * as lost. */
#include "journal_case.h"

#include "base/clock.h"
#include "support/redis_group.h"
#include "support/wait.h"

#include <fcntl.h>
#include <unistd.h>

static void without_redis_the_ring_answers_and_the_feed_recovers(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    journal_numbers(here, 1, 10);
    assert_true(journal_shows(here, 1, 10));

    redis_server_kill(server);
    journal_numbers(here, 11, 20);
    assert_true(journal_shows(here, 1, 20));
    assert_true(journal_shows(here, 1, 20));

    /* What was shared before is lost with Redis. What came while it was away is shared now. */
    redis_server_restart(server);
    WAIT_FOR (JOURNAL_PATIENCE_S, journal_shows(there, 11, 20))
        ;
    WAIT_FOR (JOURNAL_PATIENCE_S, journal_shows(here, 11, 20))
        ;
    journal_free(here);
    journal_free(there);
}

/* Whoever has seen the entry can find it again. */
static void an_entry_has_the_same_id_in_redis_and_in_the_ring(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    journal_numbers(here, 1, 10);
    assert_true(journal_shows(here, 1, 10));
    json_t *in_redis = journal_latest(there, &journal_everything);
    redis_server_kill(server);
    json_t *in_ring = journal_latest(here, &journal_everything);

    assert_int_equal(json_array_size(in_redis), 10);
    assert_true(json_equal(in_redis, in_ring));
    json_decref(in_redis);
    json_decref(in_ring);
    redis_server_restart(server);
    journal_free(here);
    journal_free(there);
}

static void the_log_as_values_says_whether_it_is_of_all_instances(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();
    struct journal_asked shared;
    struct journal_asked alone;

    (void)state;
    journal_numbers(here, 1, 10);
    assert_true(journal_shows(here, 1, 10));
    journal_numbers(there, 11, 15);
    journal_read_entries(there, &shared);
    redis_server_kill(server);
    journal_read_entries(there, &alone);

    assert_int_equal(shared.job.entries.count, 15);
    assert_false(shared.job.entries.degraded);
    assert_int_equal(alone.job.entries.count, 5);
    assert_true(alone.job.entries.degraded);
    arena_close(&shared.arena);
    arena_close(&alone.arena);
    redis_server_restart(server);
    journal_free(here);
    journal_free(there);
}

static void what_redis_missed_is_counted(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    journal_numbers(journal, 1, 10);
    assert_true(journal_shows(journal, 1, 10));
    assert_int_equal(journal_counts(journal).flush_failures, 0);

    redis_server_kill(server);
    journal_numbers(journal, 11, 10 + JOURNAL_RECORDS + 500);
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
    journal_numbers(here, 1, 10);
    assert_true(journal_shows(here, 1, 10));

    redis_server_pause(server);
    journal_numbers(here, 11, 20);
    assert_true(journal_shows(here, 1, 20));
    redis_server_continue(server);

    WAIT_FOR (JOURNAL_PATIENCE_S, journal_shows(there, 1, 20))
        ;
    journal_free(here);
    journal_free(there);
}

/* How many decisions are not in Redis, as the journal says at its end; 0 if it says nothing. */
static int64_t stop_at_once(struct journal *journal)
{
    int pipe_ends[2];
    char said[4096] = "";
    const int real_stderr = dup(STDERR_FILENO);

    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_true(dup2(pipe_ends[1], STDERR_FILENO) >= 0);
    const bool has_ended =
        journal_stop(journal, 0, clock_monotonic_us() + JOURNAL_PATIENCE_S * SECOND_US);
    assert_true(dup2(real_stderr, STDERR_FILENO) >= 0);
    (void)read(pipe_ends[0], said, sizeof(said) - 1);
    close(real_stderr);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    assert_true(has_ended);
    const char *line = strstr(said, "\"journal not all sent\",\"count\":");
    return line == NULL ? 0 : strtoll(strstr(line, "count") + strlen("count\":"), NULL, 10);
}

static void what_is_not_sent_when_it_has_to_end_is_counted(void **state)
{
    struct journal *journal = journal_on_redis();

    (void)state;
    journal_numbers(journal, 1, 10);

    const int64_t unsent = stop_at_once(journal);

    const redisReply *sent = redis_server_command(server, "XLEN %s", JOURNAL_STREAM);
    assert_int_equal(unsent + sent->integer, 10);
    journal_free(journal);
}

#define WITH_REDIS(name) cmocka_unit_test_setup(name, redis_group_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REDIS(without_redis_the_ring_answers_and_the_feed_recovers),
        WITH_REDIS(an_entry_has_the_same_id_in_redis_and_in_the_ring),
        WITH_REDIS(the_log_as_values_says_whether_it_is_of_all_instances),
        WITH_REDIS(what_redis_missed_is_counted),
        WITH_REDIS(a_hung_redis_delays_no_record_and_loses_none),
        WITH_REDIS(what_is_not_sent_when_it_has_to_end_is_counted),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
