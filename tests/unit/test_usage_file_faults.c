/* SPDX-License-Identifier: MIT
 *
 * A file of usage that fails is told, costs nothing else, and recovers. */
#include "support/wait.h"
#include "usage_file_case.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES  USAGE_FILE_PATH
#define PATIENCE_S  30
#define SMALL_BYTES ((int64_t)512 * 1024)

static void while_the_file_is_locked_nothing_is_saved_and_later_all_is(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);
    sqlite3 *database = NULL;

    (void)state;
    minutes_add(counting.app, usage_file_now, "/a", 1, 0);
    assert_int_equal(sqlite3_open(usage_file_path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);

    assert_false(usage_file_case_saved(&counting, APP));
    assert_false(usage_file_case_saved(&counting, APP)); /* it rests */
    assert_int_equal(usage_file_failures(counting.file), 1);
    usage_file_case_expect(counting.file, APP, 0);

    assert_int_equal(sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    WAIT_FOR (PATIENCE_S, usage_file_case_saved(&counting, APP))
        ;
    usage_file_case_expect(counting.file, APP, 1);
    usage_file_case_free(&counting);
}

static int waited_us;

static int count_wait(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    waited_us += us;
    return us;
}

/* SQLite is told to wait, and the test counts for how long. A file without a log is locked also for
 * those who only read. */
static void opening_a_locked_file_waits_no_longer_than_saving(void **state)
{
    static const char *const locks[] = {"BEGIN IMMEDIATE",
                                        "PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE"};
    sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
    static sqlite3_vfs counted; /* stays registered if the test fails */

    (void)state;
    counted = *usual;
    counted.zName = "counted";
    counted.xSleep = count_wait;
    for (size_t i = 0; i < ARRAY_COUNT(locks); i++) {
        struct usage_file_case counting = usage_file_case_new(1);
        sqlite3 *database = NULL;
        usage_file_free(counting.file);
        assert_int_equal(sqlite3_open(usage_file_path, &database), SQLITE_OK);
        assert_int_equal(sqlite3_exec(database, locks[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_vfs_register(&counted, 1), SQLITE_OK);

        waited_us = 0;
        counting.file = usage_file_new(usage_file_path, 1, USAGE_FILE_BYTES_MAX);
        assert_in_range(waited_us, 100 * 1000, 250 * 1000);
        waited_us = 0;
        json_decref(usage_file_case_told(counting.file, APP, &minutes_last_hour));
        assert_in_range(waited_us, 100 * 1000, 250 * 1000);

        assert_int_equal(usage_file_failures(counting.file), 1);
        usage_file_case_free(&counting);
        assert_int_equal(sqlite3_vfs_unregister(&counted), SQLITE_OK);
        assert_int_equal(sqlite3_vfs_register(usual, 1), SQLITE_OK);
        assert_int_equal(sqlite3_close(database), SQLITE_OK);
    }
}

static void while_the_disk_is_full_nothing_is_saved_and_later_all_is(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);
    struct rlimit full = {.rlim_cur = 4096};
    struct rlimit before;

    (void)state;
    minutes_add(counting.app, usage_file_now, "/a", 1, 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full.rlim_max = before.rlim_max;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);

    const bool was_saved = usage_file_case_saved(&counting, APP);

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(was_saved);
    assert_int_equal(usage_file_failures(counting.file), 1);
    usage_file_wake(counting.file);
    assert_true(usage_file_case_saved(&counting, APP));
    usage_file_case_expect(counting.file, APP, 1);
    usage_file_case_free(&counting);
}

/* The file is not nearly full, so nothing has given way yet. */
static void a_save_for_which_there_is_no_room_makes_room_and_goes_on(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);

    (void)state;
    usage_file_free(counting.file);
    counting.file = usage_file_new(usage_file_path, 1, SMALL_BYTES);
    for (int64_t minute = usage_file_now - 49; minute < usage_file_now - 20; minute++)
        usage_file_case_count_much(counting.app, minute);
    assert_true(usage_file_case_saved(&counting, "app0000000000666"));
    usage_app_free(counting.app);
    counting.app = usage_app_new(counting.usage);
    for (int64_t minute = usage_file_now - 20; minute <= usage_file_now; minute++)
        usage_file_case_count_much(counting.app, minute);
    assert_false(usage_file_case_saved(&counting, APP));

    usage_file_wake(counting.file);
    assert_true(usage_file_case_saved(&counting, APP));

    assert_int_equal(usage_file_failures(counting.file), 1);
    usage_file_case_expect(counting.file, APP, 21 * TALLY_PAIRS_MAX);
    assert_in_range(usage_file_case_rows("span = 0 AND app = 'app0000000000666'"), 10, 15);
    usage_file_case_free(&counting);
}

/* The file is whole, and nothing can be written beside it: then it is read as it is, but only until
 * something can. */
static void what_is_saved_after_the_disk_was_full_is_read(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);
    struct rlimit full = {.rlim_cur = 0};
    struct rlimit before;

    (void)state;
    minutes_add(counting.app, usage_file_now, "/a", 1, 0);
    assert_true(usage_file_case_saved(&counting, APP));
    usage_file_free(counting.file);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full.rlim_max = before.rlim_max;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    counting.file = usage_file_new(usage_file_path, 1, USAGE_FILE_BYTES_MAX);
    json_t *frozen = usage_file_case_told(counting.file, APP, &minutes_last_hour);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_non_null(frozen);
    assert_int_equal(minutes_total(frozen, "allowed"), 1);
    json_decref(frozen);

    usage_file_wake(counting.file);
    minutes_add(counting.app, usage_file_now, "/a", 1, 0);
    assert_true(usage_file_case_saved(&counting, APP));

    usage_file_case_expect(counting.file, APP, 2);
    usage_file_case_free(&counting);
}

static void a_damaged_file_is_set_aside_and_another_begun(void **state)
{
    static const char *const damages[] = {"no database", "SQLite format 3"};
    char aside[PATH_BYTES + 16];
    struct stat status;

    (void)state;
    (void)snprintf(aside, sizeof(aside), "%s.damaged", usage_file_path);
    for (size_t i = 0; i < ARRAY_COUNT(damages); i++) {
        struct usage_file_case counting = usage_file_case_new(1);
        usage_file_case_free(&counting);
        scratch_rewrite(usage_file_path, damages[i]);
        counting = usage_file_case_new(1);
        usage_file_wake(counting.file);

        minutes_add(counting.app, usage_file_now, "/a", 1, 0);
        assert_true(usage_file_case_saved(&counting, APP));

        usage_file_case_expect(counting.file, APP, 1);
        assert_int_equal(stat(aside, &status), 0);
        usage_file_case_free(&counting);
        assert_int_equal(unlink(aside), 0);
        assert_int_equal(unlink(usage_file_path), 0);
    }
}

/* All but the first. */
static void overwrite_pages(void)
{
    FILE *file = fopen(usage_file_path, "r+");
    char *content = calloc(8, 4096);

    assert_non_null(file);
    assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
    assert_int_equal(fwrite(content, 4096, 8, file), 8);
    free(content);
    assert_int_equal(fclose(file), 0);
}

/* What the readers' thread finds, the flusher's thread mends. */
static void damage_that_reading_finds_is_set_aside_too(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);

    (void)state;
    usage_file_case_count_much(counting.app, usage_file_now);
    assert_true(usage_file_case_saved(&counting, APP));
    usage_file_case_execute("PRAGMA wal_checkpoint(TRUNCATE)");
    usage_file_free(counting.file);
    overwrite_pages();

    counting.file = usage_file_new(usage_file_path, 1, USAGE_FILE_BYTES_MAX);
    const struct usage_query day = {.window_minutes = DAY, .step_minutes = HOUR};
    assert_null(usage_file_case_told(counting.file, APP, &day));
    usage_file_wake(counting.file);
    minutes_add(counting.app, usage_file_now, "/b", 5, 0);
    assert_true(usage_file_case_saved(&counting, APP));

    json_t *json = NULL;
    WAIT_FOR (PATIENCE_S, (json = usage_file_case_told(counting.file, APP, &day)) != NULL)
        ;
    assert_int_equal(minutes_total(json, "allowed"), TALLY_PAIRS_MAX + 5);
    json_decref(json);
    usage_file_case_free(&counting);
}

static void a_file_that_is_not_ours_or_is_newer_is_left_alone(void **state)
{
    static const char *const others[] = {
        "CREATE TABLE letters (id INTEGER)",
        "CREATE TABLE usage_spans (id INTEGER); PRAGMA user_version = 9",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        struct usage_file_case counting = usage_file_case_new(1);
        usage_file_case_free(&counting);
        assert_int_equal(unlink(usage_file_path), 0);
        usage_file_case_execute(others[i]);
        char *before = scratch_read(usage_file_path);
        counting = usage_file_case_new(1);
        usage_file_wake(counting.file);

        minutes_add(counting.app, usage_file_now, "/a", 1, 0);
        assert_false(usage_file_case_saved(&counting, APP));

        char *after = scratch_read(usage_file_path);
        assert_string_equal(before, after);
        free(before);
        free(after);
        usage_file_case_free(&counting);
        assert_int_equal(unlink(usage_file_path), 0);
    }
}

static void lose_file(void)
{
    static const char *const names[] = {"", "-wal", "-shm"};
    char path[PATH_BYTES + 8];

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", usage_file_path, names[i]);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_file_that_was_deleted_is_made_anew_with_all_that_is_held(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);

    (void)state;
    minutes_add(counting.app, usage_file_now - 90, "/a", 4, 0);
    minutes_add(counting.app, usage_file_now, "/a", 1, 0);
    assert_true(usage_file_case_saved(&counting, APP));
    usage_file_case_expect(counting.file, APP, 5);
    lose_file();

    minutes_add(counting.app, usage_file_now, "/a", 1, 0);
    assert_true(usage_file_case_saved(&counting, APP));
    assert_true(usage_file_case_saved(&counting, APP));

    assert_false(usage_file_has_lost(counting.file));
    assert_int_equal(usage_file_failures(counting.file), 0);
    usage_file_case_expect(counting.file, APP, 6);
    usage_file_case_free(&counting);
}

/* It has what another process had saved, and some of what this one had. */
static void an_old_copy_in_place_of_the_file_gets_what_it_lacks(void **state)
{
    struct usage_file_case other = usage_file_case_new(2);
    struct usage_file_case counting = usage_file_case_new(1);
    char copy[PATH_BYTES + 16];
    char sql[PATH_BYTES + 32];

    (void)state;
    minutes_add(other.app, usage_file_now, "/a", 10, 0);
    assert_true(usage_file_case_saved(&other, APP));
    usage_file_case_free(&other);
    minutes_add(counting.app, usage_file_now - 90, "/a", 4, 0);
    assert_true(usage_file_case_saved(&counting, APP));
    (void)snprintf(copy, sizeof(copy), "%s.copy", usage_file_path);
    (void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", copy);
    usage_file_case_execute(sql);
    minutes_add(counting.app, usage_file_now - 80, "/a", 2, 0);
    minutes_add(counting.app, usage_file_now, "/a", 1, 0);
    assert_true(usage_file_case_saved(&counting, APP));
    usage_file_case_expect(counting.file, APP, 17);
    lose_file();
    assert_int_equal(rename(copy, usage_file_path), 0);

    assert_true(usage_file_case_saved(&counting, APP));

    usage_file_case_expect(counting.file, APP, 17);
    usage_file_case_free(&counting);
}

static void a_damaged_file_costs_nothing_that_is_held(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);

    (void)state;
    minutes_add(counting.app, usage_file_now - 90, "/a", 4, 0);
    usage_file_case_count_much(counting.app, usage_file_now);
    assert_true(usage_file_case_saved(&counting, APP));
    usage_file_case_execute("PRAGMA wal_checkpoint(TRUNCATE)");
    overwrite_pages();

    minutes_add(counting.app, usage_file_now, "/b", 5, 0);
    WAIT_FOR (PATIENCE_S, usage_file_case_saved(&counting, APP))
        usage_file_wake(counting.file);

    usage_file_case_expect(counting.file, APP, TALLY_PAIRS_MAX + 9);
    usage_file_case_free(&counting);
}

/* Whoever writes into the file may write anything. */
static void rows_that_are_no_usage_are_passed_over(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);
    char sql[500];

    (void)state;
    minutes_add(counting.app, usage_file_now, "/a", 1, 0);
    assert_true(usage_file_case_saved(&counting, APP));
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO usage_spans (span, start, app, instance, part, counts, denied)"
                   " VALUES (1, %lld, '" APP "', 9, 0, x'ff00ff', 'x'),"
                   " (1, %lld, '" APP "', 9, 1, '', x''), (0, %lld, '" APP "', 9, 2, 7, 1.5),"
                   " (1, %lld, '" APP "', 9, 3, zeroblob(9000000), NULL)",
                   (long long)(usage_file_now - usage_file_now % HOUR),
                   (long long)(usage_file_now - usage_file_now % HOUR), (long long)usage_file_now,
                   (long long)(usage_file_now - usage_file_now % HOUR));
    usage_file_case_execute(sql);

    usage_file_case_expect(counting.file, APP, 1);
    usage_file_case_free(&counting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(while_the_file_is_locked_nothing_is_saved_and_later_all_is,
                               usage_file_case_open),
        cmocka_unit_test_setup(opening_a_locked_file_waits_no_longer_than_saving,
                               usage_file_case_open),
        cmocka_unit_test_setup(while_the_disk_is_full_nothing_is_saved_and_later_all_is,
                               usage_file_case_open),
        cmocka_unit_test_setup(a_save_for_which_there_is_no_room_makes_room_and_goes_on,
                               usage_file_case_open),
        cmocka_unit_test_setup(what_is_saved_after_the_disk_was_full_is_read, usage_file_case_open),
        cmocka_unit_test_setup(a_damaged_file_is_set_aside_and_another_begun, usage_file_case_open),
        cmocka_unit_test_setup(damage_that_reading_finds_is_set_aside_too, usage_file_case_open),
        cmocka_unit_test_setup(a_file_that_is_not_ours_or_is_newer_is_left_alone,
                               usage_file_case_open),
        cmocka_unit_test_setup(a_file_that_was_deleted_is_made_anew_with_all_that_is_held,
                               usage_file_case_open),
        cmocka_unit_test_setup(an_old_copy_in_place_of_the_file_gets_what_it_lacks,
                               usage_file_case_open),
        cmocka_unit_test_setup(a_damaged_file_costs_nothing_that_is_held, usage_file_case_open),
        cmocka_unit_test_setup(rows_that_are_no_usage_are_passed_over, usage_file_case_open),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);

    scratch_remove();
    return failures;
}
