/* SPDX-License-Identifier: MIT
 *
 * A journal whose Redis is away or hangs: what is shown meanwhile, sent later, or counted as
 * lost. */
#include "journal_case.h"

#include "support/redis_group.h"
#include "support/wait.h"

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

    /* What was shared before went with Redis; what came while it was away is shared now. */
    redis_server_restart(server);
    WAIT_FOR (JOURNAL_PATIENCE_S, journal_shows(there, 11, 20))
        ;
    WAIT_FOR (JOURNAL_PATIENCE_S, journal_shows(here, 11, 20))
        ;
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

#define WITH_REDIS(name) cmocka_unit_test_setup(name, redis_group_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REDIS(without_redis_the_ring_answers_and_the_feed_recovers),
        WITH_REDIS(what_redis_missed_is_counted),
        WITH_REDIS(a_hung_redis_delays_no_record_and_loses_none),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
