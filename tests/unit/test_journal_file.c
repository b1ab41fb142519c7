/* SPDX-License-Identifier: MIT
 *
 * A journal without Redis keeps its usage in a file, for the next journal. */
#include "base/clock.h"
#include "journal_case.h"
#include "support/scratch.h"
#include "support/wait.h"

#include <pthread.h>
#include <unistd.h>

#define THREADS   4
#define DECISIONS 5000
#define SMALL     70 /* more apps than one transaction saves */

static const struct usage_query last_day = {.window_minutes = DAY_MINUTES,
                                            .step_minutes = HOUR_MINUTES};
static char path[SCRATCH_PATH_BYTES + 16];

static int open_path(void **state)
{
    char directory[SCRATCH_PATH_BYTES];

    (void)state;
    scratch_directory("usage", directory);
    (void)snprintf(path, sizeof(path), "%s/usage.db", directory);
    return 0;
}

static struct journal *journal_with_file(void)
{
    struct journal *journal = journal_new(NULL);

    journal_keep_usage(journal, path);
    journal_start(journal);
    return journal;
}

static void decide_at(int64_t counted_us, struct journal *journal, const char *app_id,
                      int64_t count)
{
    const struct subject user = {TEXT("user"), TEXT("alice")};
    const struct record record = {
        .time_us = clock_wall_us(),
        .counted_us = counted_us,
        .subjects = {1, &user},
        .route = TEXT("/a"),
        .role = TEXT("default"),
        .costs = {.requests = 1},
        .allowed = true,
        .mode = "enforce",
    };

    for (int64_t i = 0; i < count; i++)
        journal_record(journal_app(journal, app_id), &record);
}

static void decide(struct journal *journal, const char *app_id, int64_t count)
{
    decide_at(clock_wall_us(), journal, app_id, count);
}

static void *decide_much(void *journal)
{
    decide(journal, JOURNAL_APP, DECISIONS);
    return NULL;
}

/* How many were allowed. */
static int64_t told(struct journal *journal, const char *app_id, bool is_degraded)
{
    struct journal_job job = {.asks = JOURNAL_USAGE, .query = last_day};
    json_t *usage;

    (void)snprintf(job.app_id, sizeof(job.app_id), "%s", app_id);
    usage = journal_await(journal, &job);
    assert_non_null(usage);
    assert_int_equal(json_is_true(json_object_get(usage, "degraded")), is_degraded);
    const json_t *totals = json_object_get(usage, "totals");
    const int64_t count = json_integer_value(json_object_get(totals, "allowed"));
    json_decref(usage);
    return count;
}

/* What is told must be all that was counted. */
static int64_t allowed(struct journal *journal, const char *app_id)
{
    return told(journal, app_id, false);
}

static const char *app_number(int number)
{
    static char app_id[APP_ID_BYTES + 1];

    (void)snprintf(app_id, sizeof(app_id), "app%013d", number);
    return app_id;
}

static void lose_file(void)
{
    static const char *const companions[] = {"", "-wal", "-shm"};
    char lost[sizeof(path) + 8];

    for (size_t i = 0; i < ARRAY_COUNT(companions); i++) {
        (void)snprintf(lost, sizeof(lost), "%s%s", path, companions[i]);
        assert_int_equal(unlink(lost), 0);
    }
}

static void what_threads_decide_while_others_ask_is_told_by_the_next_journal(void **state)
{
    struct journal *journal = journal_with_file();
    pthread_t threads[THREADS];
    int64_t count = 0;

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, decide_much, journal), 0);
    WAIT_FOR (JOURNAL_PATIENCE_S, count == (int64_t)THREADS * DECISIONS) {
        const int64_t before = count;

        count = allowed(journal, JOURNAL_APP);
        assert_in_range(count, before, THREADS * DECISIONS);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    journal_free(journal);

    journal = journal_with_file();
    assert_int_equal(allowed(journal, JOURNAL_APP), THREADS * DECISIONS);
    decide(journal, JOURNAL_APP, 3);
    assert_int_equal(allowed(journal, JOURNAL_APP), THREADS * DECISIONS + 3);
    journal_free(journal);
}

static void the_end_saves_what_all_apps_have(void **state)
{
    struct journal *journal = journal_with_file();

    (void)state;
    for (int i = 0; i < SMALL; i++)
        decide(journal, app_number(i), i + 1);
    journal_free(journal);

    journal = journal_with_file();
    for (int i = 0; i < SMALL; i++)
        assert_int_equal(allowed(journal, app_number(i)), i + 1);
    journal_free(journal);
}

/* What earlier journals had saved is missing, and each app is told that once. */
static void what_a_lost_file_had_is_saved_again_for_all_apps_and_told(void **state)
{
    struct journal *journal = journal_with_file();

    (void)state;
    for (int i = 0; i < SMALL; i++) {
        decide_at(clock_wall_us() - 3 * MINUTE_US, journal, app_number(i), 4);
        decide(journal, app_number(i), i);
        assert_int_equal(allowed(journal, app_number(i)), i + 4);
    }
    lose_file();
    decide(journal, app_number(0), 1);

    assert_int_equal(told(journal, app_number(0), true), 5);
    assert_int_equal(allowed(journal, app_number(0)), 5);
    for (int i = 1; i < SMALL; i++) {
        assert_int_equal(told(journal, app_number(i), true), i + 4);
        assert_int_equal(allowed(journal, app_number(i)), i + 4);
    }
    journal_free(journal);

    journal = journal_with_file();
    for (int i = 1; i < SMALL; i++)
        assert_int_equal(allowed(journal, app_number(i)), i + 4);
    journal_free(journal);
}

/* Nothing was counted since, so nothing was to be saved. */
static void the_end_saves_again_what_a_lost_file_had(void **state)
{
    struct journal *journal = journal_with_file();

    (void)state;
    for (int i = 0; i < SMALL; i++) {
        decide(journal, app_number(i), i + 1);
        assert_int_equal(allowed(journal, app_number(i)), i + 1);
    }
    lose_file();
    journal_free(journal);

    journal = journal_with_file();
    for (int i = 0; i < SMALL; i++)
        assert_int_equal(allowed(journal, app_number(i)), i + 1);
    journal_free(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_threads_decide_while_others_ask_is_told_by_the_next_journal,
                               open_path),
        cmocka_unit_test_setup(the_end_saves_what_all_apps_have, open_path),
        cmocka_unit_test_setup(what_a_lost_file_had_is_saved_again_for_all_apps_and_told,
                               open_path),
        cmocka_unit_test_setup(the_end_saves_again_what_a_lost_file_had, open_path),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);

    scratch_remove();
    return failures;
}
