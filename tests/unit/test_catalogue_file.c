/* SPDX-License-Identifier: MIT
 *
 * The catalogue's file is deleted, moved or replaced while instances have it open. */
#include "base/arena.h"
#include "instance.h"
#include "sample_policy.h"
#include "support/cmocka.h"
#include "support/wait.h"

#include <sqlite3.h>
#include <unistd.h>

struct scene {
    char path[INSTANCE_PATH_BYTES];
    char elsewhere[INSTANCE_PATH_BYTES + 8];
    struct arena arena;
    struct policy *policy;
    struct instance one; /* with an app and its policy */
};

static struct scene *scene_of(void **state)
{
    return *state;
}

static int open_scene(void **state)
{
    static struct scene scene;

    scene = (struct scene){0};
    instance_new_file(scene.path);
    (void)snprintf(scene.elsewhere, sizeof(scene.elsewhere), "%s.moved", scene.path);
    scene.policy = sample_policy(&scene.arena, "{'route_key':'/a','rate':'5/s'}");
    scene.one = instance_open_file(scene.path);
    instance_start(&scene.one);
    assert_int_equal(instance_create(&scene.one), CATALOGUE_CREATED);
    assert_int_equal(instance_save(&scene.one, scene.policy), CATALOGUE_CREATED);
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;

    instance_close(&scene->one);
    arena_close(&scene->arena);
    return 0;
}

static void wait_until_whole(const struct instance *instance, unsigned losses)
{
    WAIT_FOR (INSTANCE_PATIENCE_S,
              catalogue_losses(instance->catalogue) == losses &&
                  catalogue_continuity(instance->catalogue) == CATALOGUE_KEPT &&
                  catalogue_is_ready(instance->catalogue))
        ;
}

static void expect_sql(const char *path, const char *sql, const char *expected)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;

    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    (void)sqlite3_busy_timeout(database, 10000);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), expected);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* The file at the path is a whole database. It has all that the instance has, and the instance uses
 * it. */
static void expect_all_there(struct scene *scene)
{
    struct instance fresh = instance_open_file(scene->path);
    const int64_t version = instance_version(&scene->one, scene->policy);

    assert_int_equal(version, 1);
    expect_sql(scene->path, "PRAGMA integrity_check", "ok");
    instance_start(&fresh);
    assert_memory_equal(app_index_pepper(fresh.index), app_index_pepper(scene->one.index),
                        sizeof(struct pepper));
    assert_int_equal(instance_version(&fresh, scene->policy), version);
    assert_int_equal(instance_save(&scene->one, scene->policy), CATALOGUE_OK);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_version(&fresh, scene->policy) == version + 1)
        ;
    instance_close(&fresh);
}

static void a_deleted_file_is_made_anew_with_what_was_there(void **state)
{
    struct scene *scene = scene_of(state);

    assert_int_equal(unlink(scene->path), 0);
    wait_until_whole(&scene->one, 1);

    expect_all_there(scene);
}

static void a_moved_file_is_whole_where_it_went(void **state)
{
    struct scene *scene = scene_of(state);

    assert_int_equal(rename(scene->path, scene->elsewhere), 0);
    wait_until_whole(&scene->one, 1);

    expect_sql(scene->elsewhere, "PRAGMA integrity_check", "ok");
    expect_sql(scene->elsewhere, "SELECT count(*) FROM policies", "1");
    expect_all_there(scene);
}

static void another_file_in_its_place_is_another_catalogue(void **state)
{
    struct scene *scene = scene_of(state);
    struct instance other = instance_open_file(scene->elsewhere);
    instance_start(&other);
    instance_close(&other);

    assert_int_equal(rename(scene->elsewhere, scene->path), 0);
    WAIT_FOR (INSTANCE_PATIENCE_S,
              catalogue_continuity(scene->one.catalogue) == CATALOGUE_FOREIGN &&
                  !catalogue_is_ready(scene->one.catalogue))
        ;

    assert_int_equal(instance_save(&scene->one, scene->policy), CATALOGUE_UNAVAILABLE);
    assert_int_equal(catalogue_losses(scene->one.catalogue), 1);
    expect_sql(scene->path, "PRAGMA integrity_check", "ok");
    expect_sql(scene->path, "SELECT count(*) FROM apps", "0");
}

/* One of them makes the new file, and all open it, whichever is first. */
static void instances_whose_file_is_deleted_find_each_other_again(void **state)
{
    struct scene *scene = scene_of(state);
    struct instance other = instance_open_file(scene->path);
    instance_start(&other);

    for (unsigned losses = 1; losses <= 3; losses++) {
        assert_int_equal(unlink(scene->path), 0);
        wait_until_whole(&scene->one, losses);
        wait_until_whole(&other, losses);
    }

    expect_all_there(scene);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_version(&other, scene->policy) == 2)
        ;
    instance_close(&other);
    expect_sql(scene->path, "PRAGMA integrity_check", "ok");
}

static void nothing_is_written_to_a_file_that_is_gone(void **state)
{
    struct scene *scene = scene_of(state);
    struct error error = {0};
    struct catalogue_backend *backend = catalogue_sqlite_new(scene->path, &error);
    const struct key_digest key = instance_key('k');
    assert_non_null(backend);

    assert_int_equal(unlink(scene->path), 0);
    const enum catalogue_status status = backend->operations->app_create(
        backend,
        &(struct catalogue_new_app){
            .app_id = "app_k00000000000", .name = TEXT("lost"), .created_at_us = 1, .key = &key},
        &error);

    assert_int_equal(status, CATALOGUE_UNAVAILABLE);
    assert_non_null(strstr(error.message, scene->path));
    backend->operations->free(backend);
}

/* If no file can be made, the catalogue is away. When the directory is back, the file is the same
 * as before. */
static void a_directory_that_is_away_takes_the_catalogue_with_it(void **state)
{
    struct scene *scene = scene_of(state);
    char directory[INSTANCE_PATH_BYTES];
    char away[INSTANCE_PATH_BYTES + 8];

    (void)snprintf(directory, sizeof(directory), "%.*s",
                   (int)(strrchr(scene->path, '/') - scene->path), scene->path);
    (void)snprintf(away, sizeof(away), "%s.away", directory);
    assert_int_equal(rename(directory, away), 0);
    WAIT_FOR (INSTANCE_PATIENCE_S, !catalogue_is_ready(scene->one.catalogue))
        ;
    assert_int_equal(instance_save(&scene->one, scene->policy), CATALOGUE_UNAVAILABLE);
    assert_int_equal(rename(away, directory), 0);
    wait_until_whole(&scene->one, 0);

    expect_all_there(scene);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        TEST(a_deleted_file_is_made_anew_with_what_was_there),
        TEST(a_moved_file_is_whole_where_it_went),
        TEST(another_file_in_its_place_is_another_catalogue),
        TEST(instances_whose_file_is_deleted_find_each_other_again),
        TEST(nothing_is_written_to_a_file_that_is_gone),
        TEST(a_directory_that_is_away_takes_the_catalogue_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
