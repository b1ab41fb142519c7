/* SPDX-License-Identifier: MIT */
#include "catalogue_case.h"

#include "base/arena.h"
#include "sample_policy.h"
#include "support/scratch.h"

#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct place {
    struct catalogue_pair pair; /* the part that the shared cases know */
    char directory[SCRATCH_PATH_BYTES + 16];
    char path[SCRATCH_PATH_BYTES + 32];
};

static struct catalogue_backend *open_backend(const struct place *place)
{
    struct error error = {0};
    struct catalogue_backend *backend = catalogue_sqlite_new(place->path, &error);

    if (backend == NULL)
        fail_msg("%s", error.message);
    return backend;
}

/* Runs SQL without the catalogue. */
static void meddle(const struct place *place, const char *sql)
{
    sqlite3 *database = NULL;

    assert_int_equal(sqlite3_open(place->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* The same; ?1 is the id of an app. */
static void meddle_with(const struct place *place, const char *sql, const char *app_id)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;

    assert_int_equal(sqlite3_open(place->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(statement, 1, app_id, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void damage(struct catalogue_pair *pair, const char *app_id, enum catalogue_damage damage)
{
    static const char *const sqls[] = {
        [DAMAGE_ID] =
            "INSERT INTO apps SELECT CAST(x'6170705f00' || '0000000000x' AS TEXT), 'x', 1,"
            " revision - 0 FROM apps WHERE id = ?1",
        [DAMAGE_NAME] = "UPDATE apps SET name = hex(zeroblob(51)) WHERE id = ?1",
        [DAMAGE_CREATED_AT] = "UPDATE apps SET created_at = 'soon' WHERE id = ?1",
        [DAMAGE_TIME] = "UPDATE apps SET created_at = 9223372036854775807 WHERE id = ?1",
        [DAMAGE_PAST] = "UPDATE apps SET revision = -1 WHERE id = ?1",
        [DAMAGE_REVISION] = "UPDATE apps SET revision = 9223372036854775807 WHERE id = ?1",
        [DAMAGE_KEY] = "UPDATE api_keys SET digest = x'aa' WHERE app_id = ?1",
        [DAMAGE_KEYS] = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 16)"
                        " INSERT INTO api_keys SELECT randomblob(32), ?1 FROM n",
        [DAMAGE_RANK] = "UPDATE apps SET revision = 1 << 60 WHERE id = ?1",
        [DAMAGE_AHEAD] = "UPDATE apps SET revision = 4000000000000000 WHERE id = ?1",
        [DAMAGE_LENGTH] = "UPDATE apps SET name = hex(zeroblob(32500000)) WHERE id = ?1",
        [DAMAGE_POLICIES] = "WITH RECURSIVE n (i) AS"
                            " (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 66000)"
                            " INSERT INTO policies SELECT ?1, i, '', '', 1, 1, '{}' FROM n",
        [DAMAGE_TYPE] = "UPDATE apps SET name = x'', revision = x'00' WHERE id = ?1",
    };
    meddle_with(CONTAINER_OF(pair, struct place, pair), sqls[damage], app_id);
}

static void exhaust(struct catalogue_pair *pair, const char *app_id)
{
    meddle_with(CONTAINER_OF(pair, struct place, pair),
                "UPDATE policies SET version = 9223372036854775807 WHERE app_id = ?1", app_id);
}

static void lose(struct catalogue_pair *pair, const char *app_id)
{
    meddle_with(CONTAINER_OF(pair, struct place, pair), "DELETE FROM apps WHERE id = ?1", app_id);
}

static int setup(void **state)
{
    static struct place place;
    char scratch[SCRATCH_PATH_BYTES];

    scratch_directory("sqlite", scratch);
    (void)snprintf(place.directory, sizeof(place.directory), "%s/data", scratch);
    (void)snprintf(place.path, sizeof(place.path), "%s/sluice.db", place.directory);
    place.pair.one = open_backend(&place);
    place.pair.other = open_backend(&place);
    place.pair.damage = damage;
    place.pair.exhaust = exhaust;
    place.pair.lose = lose;
    *state = &place;
    return 0;
}

static void close_backend(struct catalogue_backend **backend)
{
    if (*backend != NULL)
        (*backend)->operations->free(*backend);
    *backend = NULL;
}

static int teardown(void **state)
{
    struct place *place = *state;

    close_backend(&place->pair.one);
    close_backend(&place->pair.other);
    return 0;
}

static void expect_refused(const char *path, const char *part_of_reason)
{
    struct error error = {0};

    assert_null(catalogue_sqlite_new(path, &error));

    if (strstr(error.message, path) == NULL || strstr(error.message, part_of_reason) == NULL)
        fail_msg("%s", error.message);
}

static void the_file_is_for_its_owner_alone(void **state)
{
    struct place *place = *state;
    struct stat directory;
    struct stat file;
    struct stat log;
    char log_path[sizeof(place->path) + 4];
    sample_app(place->pair.one, 'a');
    (void)snprintf(log_path, sizeof(log_path), "%s-wal", place->path);

    assert_int_equal(stat(place->directory, &directory), 0);
    assert_int_equal(stat(place->path, &file), 0);
    assert_int_equal(stat(log_path, &log), 0);

    assert_int_equal(directory.st_mode & 0777, 0700);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(log.st_mode & 0777, 0600);
}

static void everything_is_there_after_a_restart(void **state)
{
    struct place *place = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct pepper pepper = {.bytes = {1, 2, 3}};
    struct pepper candidate = {.bytes = {4}};
    struct catalogue_backend *backend = place->pair.one;
    struct error error = {0};
    const char *app_id = sample_app(backend, 'a');
    assert_int_equal(settle_pepper(backend, &pepper, &error), CATALOGUE_OK);
    assert_int_equal(backend->operations->policy_save(backend, app_id, policy, NULL, &error),
                     CATALOGUE_CREATED);

    close_backend(&place->pair.one);
    close_backend(&place->pair.other);
    backend = place->pair.one = open_backend(place);

    struct app *app = load_app(backend, app_id);
    assert_same_policy(policy_set_find(app->policies, &policy->identity), policy);
    assert_int_equal(settle_pepper(backend, &candidate, &error), CATALOGUE_OK);
    assert_memory_equal(&candidate, &pepper, sizeof(pepper));
    app_release(app);
    arena_close(&arena);
}

static void a_policy_that_cannot_be_read_is_skipped(void **state)
{
    struct place *place = *state;
    struct arena arena = {0};
    struct policy *good = sample_policy(&arena, "{'route_key':'/good','rate':'5/s'}");
    struct policy *bad = sample_policy(&arena, "{'route_key':'/bad','rate':'5/s'}");
    struct catalogue_backend *backend = place->pair.one;
    bool afresh = true;
    struct error error = {0};
    const char *app_id = sample_app(backend, 'a');
    bad->id = 5;
    assert_int_equal(backend->operations->policy_save(backend, app_id, good, NULL, &error),
                     CATALOGUE_CREATED);
    assert_int_equal(backend->operations->policy_save(backend, app_id, bad, NULL, &error),
                     CATALOGUE_CREATED);

    meddle(place, "UPDATE policies SET document = '{\"from\":\"the future\"}'"
                  " WHERE route_key = '/bad'");

    struct app *app = load_app(backend, app_id);
    assert_int_equal(policy_set_count(app->policies), 1);
    assert_same_policy(policy_set_at(app->policies, 0), good);
    app_release(app);
    bad->id = 7;
    assert_int_equal(backend->operations->policy_save(backend, app_id, bad, &afresh, &error),
                     CATALOGUE_OK);
    assert_int_equal(bad->version, 2);
    assert_false(afresh); /* it has kept its id */
    arena_close(&arena);
}

static void a_lock_held_by_another_process_makes_it_unavailable_for_writing(void **state)
{
    struct place *place = *state;
    struct catalogue_backend *backend = place->pair.one;
    struct key_digest key = sample_digest('a');
    struct error error = {0};
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(place->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);

    enum catalogue_status status = backend->operations->app_create(
        backend,
        &(struct catalogue_new_app){
            .app_id = "app_a00000000000", .name = TEXT("a"), .created_at_us = 1, .key = &key},
        &error);

    assert_int_equal(status, CATALOGUE_UNAVAILABLE);
    assert_string_equal(error.message, "SQLite: database is locked");
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    sample_app(backend, 'a');
}

static void a_damaged_pepper_is_not_used(void **state)
{
    struct place *place = *state;
    struct catalogue_backend *backend = place->pair.one;
    struct catalogue_mark mark;
    struct error error = {0};
    meddle(place, "INSERT INTO settings VALUES ('pepper', x'0102')");
    meddle(place, "INSERT INTO settings VALUES ('identity', 7)");

    assert_int_equal(backend->operations->mark_read(backend, 0, &mark, &error), CATALOGUE_OK);

    assert_true(!mark.has_pepper && mark.is_pepper_damaged);
    assert_true(!mark.has_identity && mark.is_identity_damaged);
}

static void a_file_of_a_newer_version_is_refused(void **state)
{
    struct place *place = *state;
    close_backend(&place->pair.one);
    close_backend(&place->pair.other);

    meddle(place, "PRAGMA user_version = 99");

    expect_refused(place->path, "its schema is 99, and this version knows none past 1");
}

static void a_file_whose_schema_no_version_has_written_is_refused(void **state)
{
    struct place *place = *state;
    close_backend(&place->pair.one);
    close_backend(&place->pair.other);

    meddle(place, "PRAGMA user_version = -1");
    expect_refused(place->path, "its schema is -1, which no version has written");
    meddle(place, "PRAGMA user_version = -2147483648");
    expect_refused(place->path, "its schema is -2147483648, which no version has written");
    meddle(place, "PRAGMA user_version = 2147483647");
    expect_refused(place->path, "its schema is 2147483647, and this version knows none past 1");
}

static void a_last_revision_that_is_damaged_stops_no_writes(void **state)
{
    static const char *const damages[] = {
        "UPDATE settings SET value = 'soon' WHERE name = 'revision'",
        "UPDATE settings SET value = -5 WHERE name = 'revision'",
        "DELETE FROM settings WHERE name = 'revision'",
        "REPLACE INTO settings VALUES ('revision', 9007199254740991)",
        "REPLACE INTO settings VALUES ('revision', 9223372036854775807)",
    };
    struct place *place = *state;
    struct catalogue_backend *backend = place->pair.one;
    int64_t newest = 0;

    for (size_t i = 0; i < ARRAY_COUNT(damages); i++) {
        struct app *app = load_app(backend, sample_app(backend, (char)('a' + i)));

        assert_true(app->revision > newest);
        newest = app->revision;
        app_release(app);
        meddle(place, damages[i]);
    }
}

/* Makes the disk seem full. Without SIG_IGN, SIGXFSZ would end the process. */
static void let_files_grow(bool is_allowed)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = is_allowed ? limit.rlim_max : 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static struct catalogue_backend *open_on_full_disk(const char *path)
{
    struct error error = {0};

    (void)signal(SIGXFSZ, SIG_IGN);
    let_files_grow(false);
    struct catalogue_backend *backend = catalogue_sqlite_new(path, &error);
    let_files_grow(true);
    if (backend == NULL)
        fail_msg("%s", error.message);
    return backend;
}

static void a_file_that_cannot_be_written_is_read_and_written_once_it_can(void **state)
{
    struct place *place = *state;
    struct catalogue_mark mark;
    struct error error = {0};
    const char *app_id = sample_app(place->pair.one, 'a');

    for (int is_open_elsewhere = 1; is_open_elsewhere >= 0; is_open_elsewhere--) {
        close_backend(&place->pair.one);
        if (is_open_elsewhere == 0)
            close_backend(&place->pair.other);
        place->pair.one = open_on_full_disk(place->path);

        let_files_grow(false);
        app_release(load_app(place->pair.one, app_id));
        assert_int_equal(
            place->pair.one->operations->app_suspend(place->pair.one, app_id, true, &error),
            CATALOGUE_UNAVAILABLE);
        assert_int_equal(place->pair.one->operations->mark_read(place->pair.one, 0, &mark, &error),
                         CATALOGUE_OK);
        let_files_grow(true);

        assert_int_equal(place->pair.one->operations->mark_read(place->pair.one, 0, &mark, &error),
                         CATALOGUE_OK);
        assert_int_equal(
            place->pair.one->operations->app_suspend(place->pair.one, app_id, true, &error),
            CATALOGUE_OK);
    }
}

static void a_lock_held_by_another_process_does_not_keep_it_from_being_read(void **state)
{
    struct place *place = *state;
    const char *app_id = sample_app(place->pair.one, 'a');
    struct error error = {0};
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(place->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);

    struct catalogue_backend *backend = catalogue_sqlite_new(place->path, &error);

    assert_non_null(backend);
    app_release(load_app(backend, app_id));
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    assert_int_equal(backend->operations->app_suspend(backend, app_id, true, &error), CATALOGUE_OK);
    backend->operations->free(backend);
}

#define PAGE_BYTES 4096

/* Spoils the page that contains `text`; if it is NULL, page number `page`. The file is not open. */
static void spoil_page(const struct place *place, const char *text, size_t page)
{
    FILE *file = fopen(place->path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const size_t size = (size_t)ftell(file);
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    rewind(file);
    assert_int_equal(fread(bytes, 1, size, file), size);
    if (text != NULL) {
        const unsigned char *found = memmem(bytes, size, text, strlen(text));
        assert_non_null(found);
        page = (size_t)(found - bytes) / PAGE_BYTES;
    }

    memset(bytes + page * PAGE_BYTES, 0xee, PAGE_BYTES);
    rewind(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

/* The first page of an index. */
static size_t root_page(const struct place *place, const char *index)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *select = NULL;

    assert_int_equal(sqlite3_open(place->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database,
                                        "SELECT rootpage FROM sqlite_master WHERE name = ?1", -1,
                                        &select, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(select, 1, index, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(select), SQLITE_ROW);
    const size_t page = (size_t)sqlite3_column_int(select, 0) - 1;
    assert_int_equal(sqlite3_finalize(select), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return page;
}

static void a_damaged_page_costs_the_app_that_lies_in_it(void **state)
{
    struct place *place = *state;
    struct arena arena = {0};
    struct error error = {0};
    int64_t revision = 0;
    for (const char *letter = "abc"; *letter != '\0'; letter++) {
        const char *app_id = sample_app(place->pair.one, *letter);
        for (int i = 0; i < 60; i++) {
            char document[128];
            (void)snprintf(document, sizeof(document), "{'route_key':'/%c/%02d','rate':'5/s'}",
                           *letter, i);
            save_policy(place->pair.one, app_id, sample_policy(&arena, document),
                        CATALOGUE_CREATED);
        }
    }
    close_backend(&place->pair.one);
    close_backend(&place->pair.other);

    spoil_page(place, "\"/b/30\"", 0);
    place->pair.one = open_backend(place);
    struct catalogue_backend *backend = place->pair.one;

    expect_changes(backend, &revision, "ac");
    sample_app(backend, 'd');
    expect_changes(backend, &revision, "d");
    expect_status(backend->operations->app_remove(backend, "app_b00000000000", &error),
                  CATALOGUE_OK, &error);
    expect_changes(backend, &revision, "b");
    struct app *app = NULL;
    expect_status(backend->operations->app_load(backend, "app_b00000000000", &app, &error),
                  CATALOGUE_ABSENT, &error);
    arena_close(&arena);
}

static void a_file_whose_list_of_apps_is_damaged_is_named(void **state)
{
    struct place *place = *state;
    struct error error = {0};
    int64_t revision = 0;
    sample_app(place->pair.one, 'a');
    close_backend(&place->pair.one);
    close_backend(&place->pair.other);

    spoil_page(place, NULL, root_page(place, "apps_by_revision"));
    place->pair.one = open_backend(place);
    struct catalogue_backend *backend = place->pair.one;

    assert_int_equal(backend->operations->changes(backend, &revision, NULL, NULL, &error),
                     CATALOGUE_UNAVAILABLE);
    if (strstr(error.message, place->path) == NULL || strstr(error.message, ".recover") == NULL)
        fail_msg("%s", error.message);
}

static void what_is_no_database_is_refused(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_BYTES];
    char below[2 * SCRATCH_PATH_BYTES];
    static const char content[] = "This is a letter, and has nothing to do with databases at all. "
                                  "It only has to be longer than the header of one, which takes "
                                  "a hundred bytes.";

    scratch_file("letter", content, path);
    (void)snprintf(below, sizeof(below), "%s/no/sluice.db", path);

    expect_refused(path, "file is not a database");
    expect_refused(below, "its directory cannot be created: Not a directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_file_is_for_its_owner_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(everything_is_there_after_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(a_policy_that_cannot_be_read_is_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_lock_held_by_another_process_makes_it_unavailable_for_writing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_pepper_is_not_used, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_of_a_newer_version_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_whose_schema_no_version_has_written_is_refused,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_last_revision_that_is_damaged_stops_no_writes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_file_that_cannot_be_written_is_read_and_written_once_it_can, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_lock_held_by_another_process_does_not_keep_it_from_being_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_page_costs_the_app_that_lies_in_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_whose_list_of_apps_is_damaged_is_named, setup,
                                        teardown),
        cmocka_unit_test(what_is_no_database_is_refused),
    };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    int failed = catalogue_cases_run(setup, teardown) + cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
