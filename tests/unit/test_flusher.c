/* SPDX-License-Identifier: MIT
 *
 * What is asked of the flusher goes ahead of what thousands of apps have. */
#include "base/clock.h"
#include "flusher_case.h"
#include "journal/usage_file.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/wait.h"

#include <stdlib.h>

#define APPS   2500
#define APP    "app0000000000001"
#define STREAM "sluice:log:{" APP "}"

struct asked {
    struct flush flush;
    bool is_answered;
};

static struct queue *replies;
static struct usage_file *file; /* NULL: none */

static int open_on_redis(void **state)
{
    replies = queue_new(0);
    flusher_case_open(redis_server_unix_url(server));
    return redis_group_empty(state);
}

static int open_alone(void **state)
{
    (void)state;
    replies = queue_new(0);
    flusher_case_open(NULL);
    return 0;
}

static int open_with_bad_file(void **state)
{
    (void)open_alone(state);
    file = usage_file_new("/dev/null/usage.db", 1, USAGE_FILE_BYTES_MAX);
    flusher_keep_usage(flusher_case.flusher, file);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    flusher_case_close();
    usage_file_free(file);
    file = NULL;
    queue_free(replies);
    return 0;
}

static void on_answered(struct flush *flush)
{
    CONTAINER_OF(flush, struct asked, flush)->is_answered = true;
}

static void ask_for(struct asked *asked, struct journal_app *app, enum cargo cargo, bool from_lost)
{
    *asked = (struct asked){.flush = {.reply_to = replies,
                                      .done = on_answered,
                                      .app = app,
                                      .cargo = cargo,
                                      .upto = ring_newest(&app->ring),
                                      .from_lost = from_lost}};
    flusher_ask(flusher_case.flusher, &asked->flush);
}

static void turn(void)
{
    flusher_turn(flusher_case.flusher);
    queue_drain(replies);
}

/* Asks, and works until that is answered. Returns whether Redis has it. */
static bool flushed(struct journal_app *app, enum cargo cargo)
{
    struct asked asked;

    ask_for(&asked, app, cargo, false);
    WAIT_FOR (FLUSHER_PATIENCE_S, asked.is_answered)
        turn();
    return asked.flush.succeeded;
}

static struct journal_app *crowd_app(int number)
{
    char app_id[APP_ID_BYTES + 1];

    (void)snprintf(app_id, sizeof(app_id), "crowd%011d", number);
    return flusher_case_app(app_id);
}

static int sent_of_crowd(int count)
{
    int sent = 0;

    for (int number = 0; number < count; number++)
        sent += crowd_app(number)->sent > 0;
    return sent;
}

/* Until some of the crowd was sent, but not all. */
static void begin_crowd(int count)
{
    for (int number = 0; number < count; number++)
        flusher_case_record(crowd_app(number), 1);
    WAIT_FOR (FLUSHER_PATIENCE_S, sent_of_crowd(count) > 0)
        turn();
    assert_in_range(sent_of_crowd(count), 1, count - 1);
}

static void an_app_that_is_asked_for_goes_ahead_of_thousands(void **state)
{
    struct journal_app *app = flusher_case_app(APP);
    struct asked asked[CARGOS];
    (void)state;
    begin_crowd(APPS);
    flusher_case_record(app, 1);

    for (enum cargo cargo = 0; cargo < CARGOS; cargo++)
        ask_for(&asked[cargo], app, cargo, false);
    turn();

    for (enum cargo cargo = 0; cargo < CARGOS; cargo++)
        assert_true(asked[cargo].is_answered && asked[cargo].flush.succeeded);
    assert_int_equal(app->sent, 1);
    assert_in_range(sent_of_crowd(APPS), 1, APPS - 1);
}

static void who_asks_for_one_app_shares_its_flush(void **state)
{
    struct journal_app *app = flusher_case_app(APP);
    struct asked asked[3];
    (void)state;
    flusher_case_record(app, 1);
    flusher_case_send(app); /* the first time it also looks for the rights that it needs */
    flusher_case_record(app, 2);
    flusher_case_record(app, 3);
    (void)redis_server_command(server, "CONFIG RESETSTAT");

    for (size_t i = 0; i < ARRAY_COUNT(asked); i++)
        ask_for(&asked[i], app, CARGO_LOG, false);
    turn();

    for (size_t i = 0; i < ARRAY_COUNT(asked); i++)
        assert_true(asked[i].is_answered && asked[i].flush.succeeded);
    const char *stats = redis_server_command(server, "INFO commandstats")->str;
    assert_non_null(strstr(stats, "cmdstat_xadd:calls=2,"));
    assert_non_null(strstr(stats, "cmdstat_expire:calls=1,"));
}

/* Its counts would be rolled up into usage that is on its way, and then count as sent. */
static void no_log_sets_out_beside_usage_that_is_asked_for(void **state)
{
    const int count = (int)ROUND_TRIP_APPS_MAX + 1;
    const struct journal_app *last = crowd_app(count - 1);
    struct asked asked;
    (void)state;
    begin_crowd(count);

    ask_for(&asked, crowd_app(0), CARGO_USAGE, false);
    turn();

    assert_true(asked.is_answered && asked.flush.succeeded);
    assert_int_equal(last->sent, 0);
    flusher_case_send(crowd_app(count - 1));
}

static void a_lost_log_that_is_asked_for_is_sent_again(void **state)
{
    struct journal_app *app = flusher_case_app(APP);
    struct asked asked;
    (void)state;
    for (int number = 1; number <= 3; number++)
        flusher_case_record(app, number);
    flusher_case_send(app);
    (void)redis_server_command(server, "DEL " STREAM);

    ask_for(&asked, app, CARGO_LOG, true);
    turn();

    assert_true(asked.is_answered && asked.flush.succeeded);
    assert_int_equal(redis_server_command(server, "XLEN " STREAM)->integer, 3);
}

static void who_asks_is_told_at_once_that_redis_is_away(void **state)
{
    struct journal_app *app = flusher_case_app(APP);
    (void)state;
    flusher_case_record(app, 1);
    redis_server_kill(server);

    assert_false(flushed(app, CARGO_LOG));
    assert_false(flushed(app, CARGO_USAGE));

    assert_non_null(app->usage);
    redis_server_restart(server);
    WAIT_FOR (FLUSHER_PATIENCE_S, flushed(app, CARGO_LOG) && flushed(app, CARGO_USAGE))
        ;
    assert_int_equal(app->sent, 1);
}

static void without_a_feed_usage_is_summed_when_it_is_asked_for(void **state)
{
    struct journal_app *app = flusher_case_app(APP);
    (void)state;
    flusher_case_record(app, 1);

    assert_false(flushed(app, CARGO_USAGE));

    assert_non_null(app->usage);
}

/* It would be tried without end, and take a whole processor. */
static void usage_that_cannot_be_saved_waits_for_a_while(void **state)
{
    const int64_t begun_us = clock_monotonic_us();
    struct journal_app *app = flusher_case_app(APP);
    (void)state;
    flusher_case_record(app, 1);

    assert_false(flushed(app, CARGO_USAGE));
    turn(); /* now it is due */

    assert_true(app->unsent);
    assert_true(flusher_due_us(flusher_case.flusher) >= begun_us + JOURNAL_SEND_USAGE_US);
}

#define WITH_REDIS(name) cmocka_unit_test_setup_teardown(name, open_on_redis, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REDIS(an_app_that_is_asked_for_goes_ahead_of_thousands),
        WITH_REDIS(who_asks_for_one_app_shares_its_flush),
        WITH_REDIS(no_log_sets_out_beside_usage_that_is_asked_for),
        WITH_REDIS(a_lost_log_that_is_asked_for_is_sent_again),
        WITH_REDIS(who_asks_is_told_at_once_that_redis_is_away),
        cmocka_unit_test_setup_teardown(without_a_feed_usage_is_summed_when_it_is_asked_for,
                                        open_alone, close_all),
        cmocka_unit_test_setup_teardown(usage_that_cannot_be_saved_waits_for_a_while,
                                        open_with_bad_file, close_all),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
