/* SPDX-License-Identifier: MIT
 *
 * What the readers' thread answers while the flusher does nothing. */
#include "../../src/journal/reader.h"

#include "base/document.h"
#include "elsewhere.h"
#include "flusher_case.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/topologies.h"
#include "support/wait.h"

#include <jansson.h>

#define APP "app0000000000001"

struct question {
    struct arena arena;
    struct journal_job job;
    bool is_answered;
};

static struct feed *feed;
static struct reader *reader;
static struct journal_thread reading;
static struct queue *replies;

static void open_with(const char *where)
{
    flusher_case_open(where);
    feed = where == NULL ? NULL : feed_new(topology_at(where), 1);
    reader = reader_new(&flusher_case.apps, flusher_case.flusher, feed);
    replies = queue_new(0);
    journal_thread_init(&reading, "reader", reader_work, reader);
    journal_thread_start(&reading);
}

static int open_on_redis(void **state)
{
    open_with(redis_server_unix_url(server));
    return redis_group_empty(state);
}

static int open_alone(void **state)
{
    (void)state;
    open_with(NULL);
    return 0;
}

static void stop(void)
{
    journal_thread_ask_to_stop(&reading);
    journal_thread_end(&reading);
}

static int close_stopped(void **state)
{
    (void)state;
    journal_thread_close(&reading);
    reader_free(reader);
    flusher_case_close();
    feed_free(feed);
    queue_free(replies);
    return 0;
}

static int close_all(void **state)
{
    stop();
    return close_stopped(state);
}

static void on_answered(struct journal_job *job)
{
    CONTAINER_OF(job, struct question, job)->is_answered = true;
}

static void ask_about(struct question *question, const struct journal_job *job)
{
    *question = (struct question){.job = *job};
    memcpy(question->job.app_id, APP, sizeof(APP));
    question->job.reply_to = replies;
    question->job.done = on_answered;
    question->job.arena = &question->arena;
    assert_true(reader_submit(reader, &question->job));
}

static void ask_for_log(struct question *question)
{
    ask_about(question, &(struct journal_job){.asks = JOURNAL_LOG, .filter = {.limit = 10}});
}

static void ask_for_usage(struct question *question)
{
    ask_about(question, &(struct journal_job){.asks = JOURNAL_USAGE,
                                              .query = {.window_minutes = 60, .step_minutes = 1}});
}

static bool is_answered(const struct question *question)
{
    queue_drain(replies);
    return question->is_answered;
}

/* Waits for it. Release it with json_decref(). */
static json_t *answer_of(struct question *question)
{
    struct error error;

    WAIT_FOR (FLUSHER_PATIENCE_S, is_answered(question))
        ;
    assert_true(question->job.available);
    json_t *answer = document_parse(question->job.answer, &error);
    assert_non_null(answer);
    arena_close(&question->arena);
    return answer;
}

static size_t entries_of(struct question *question)
{
    json_t *entries = answer_of(question);
    const size_t count = json_array_size(entries);

    json_decref(entries);
    return count;
}

/* -1: only this instance's are known. */
static int64_t allowed_of(struct question *question)
{
    json_t *usage = answer_of(question);
    const json_t *totals = json_object_get(usage, "totals");
    const int64_t allowed = json_is_true(json_object_get(usage, "degraded"))
                                ? -1
                                : json_integer_value(json_object_get(totals, "allowed"));

    json_decref(usage);
    return allowed;
}

static bool flusher_is_asked(void)
{
    struct pollfd asks = {.fd = flusher_asks_fd(flusher_case.flusher), .events = POLLIN};

    return poll(&asks, 1, 0) == 1;
}

static void what_was_sent_is_read_without_the_flusher(void **state)
{
    struct journal_app *app = flusher_case_app(APP);
    struct question question;
    (void)state;
    flusher_case_record(app, 1);
    flusher_case_send(app);
    elsewhere_send(APP, 1, 1);

    ask_for_log(&question);

    assert_int_equal(entries_of(&question), 2);
    assert_false(flusher_is_asked());
}

static void what_was_not_sent_is_sent_first(void **state)
{
    struct question log;
    struct question usage;
    (void)state;
    flusher_case_record(flusher_case_app(APP), 1);
    elsewhere_send(APP, 1, 1);

    ask_for_log(&log);
    WAIT_FOR (FLUSHER_PATIENCE_S, is_answered(&log))
        flusher_turn(flusher_case.flusher);
    ask_for_usage(&usage);
    WAIT_FOR (FLUSHER_PATIENCE_S, is_answered(&usage))
        flusher_turn(flusher_case.flusher);

    assert_int_equal(entries_of(&log), 2);
    assert_int_equal(allowed_of(&usage), 1);
}

static void a_flusher_that_hangs_keeps_nobody_from_what_is_here(void **state)
{
    struct journal_app *app = flusher_case_app(APP);
    struct question log;
    struct question usage;
    (void)state;
    flusher_case_record(app, 1);
    elsewhere_send(APP, 1, 1);

    ask_for_log(&log);
    ask_for_usage(&usage);

    assert_int_equal(entries_of(&log), 1);
    assert_int_equal(allowed_of(&usage), -1);
    assert_int_equal(app->sent, 0);

    flusher_case_send(app);
    ask_for_log(&log);
    assert_int_equal(entries_of(&log), 2);
}

static void without_a_feed_the_log_needs_no_flusher_and_usage_does(void **state)
{
    struct question log;
    struct question usage;
    (void)state;
    flusher_case_record(flusher_case_app(APP), 1);

    ask_for_log(&log);
    assert_int_equal(entries_of(&log), 1);
    ask_for_usage(&usage);
    WAIT_FOR (FLUSHER_PATIENCE_S, is_answered(&usage))
        flusher_turn(flusher_case.flusher);
    assert_int_equal(allowed_of(&usage), 1);
}

static void a_question_that_waits_for_the_flusher_is_refused_at_the_end(void **state)
{
    struct question question;
    (void)state;
    flusher_case_record(flusher_case_app(APP), 1);
    ask_for_usage(&question);
    WAIT_FOR (FLUSHER_PATIENCE_S, flusher_is_asked())
        ;

    stop();

    assert_true(is_answered(&question));
    assert_false(question.job.available);
    arena_close(&question.arena);
}

#define WITH_REDIS(name) cmocka_unit_test_setup_teardown(name, open_on_redis, close_all)
#define WITHOUT(name)    cmocka_unit_test_setup_teardown(name, open_alone, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REDIS(what_was_sent_is_read_without_the_flusher),
        WITH_REDIS(what_was_not_sent_is_sent_first),
        WITH_REDIS(a_flusher_that_hangs_keeps_nobody_from_what_is_here),
        WITHOUT(without_a_feed_the_log_needs_no_flusher_and_usage_does),
        cmocka_unit_test_setup_teardown(a_question_that_waits_for_the_flusher_is_refused_at_the_end,
                                        open_alone, close_stopped),
    };

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
