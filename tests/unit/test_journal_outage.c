/* SPDX-License-Identifier: MIT
 *
 * A journal whose Redis is away, hangs or holds something else: what is shown meanwhile, sent
 * later, or counted as lost. */
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

/* Its app comes first in the flush, so it has failed before the other's entries are seen. */
static void a_spoilt_stream_does_not_stop_the_others_and_is_tried_again(void **state)
{
    struct journal *here = journal_on_redis();
    struct journal *there = journal_on_redis();

    (void)state;
    redis_server_command(server, "SET sluice:log:{spoilt} x");
    journal_number(here, "spoilt", 1);
    journal_numbers(here, 1, 5);

    WAIT_FOR (JOURNAL_PATIENCE_S, journal_shows(there, 1, 5))
        ;
    redis_server_command(server, "DEL sluice:log:{spoilt}");
    WAIT_FOR (JOURNAL_PATIENCE_S,
              redis_server_command(server, "XLEN sluice:log:{spoilt}")->integer == 1)
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
        WITH_REDIS(a_spoilt_stream_does_not_stop_the_others_and_is_tried_again),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
