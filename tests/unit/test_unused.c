/* SPDX-License-Identifier: MIT
 *
 * Which apps are removed because they have registered and never checked, and when. */
#include "unused.h"

#include "support/cmocka.h"

#define KEPT_US  (30 * DAY_S * SECOND_US)
#define START_US (INT64_C(1700000000) * SECOND_US) /* a time of the wall clock */

/* The apps that it was told to remove, by their letters. */
struct told {
    struct catalogue_backend backend;
    char used[32];
    char expired[32];
    enum catalogue_status status; /* its answer */
};

struct scene {
    struct told told;
    struct app_index *index;
    struct unused unused;
    struct unused_now now;
};

static enum catalogue_status on_use(struct catalogue_backend *backend, const char *app_id,
                                    struct error *error)
{
    struct told *told = CONTAINER_OF(backend, struct told, backend);

    (void)error;
    told->used[strlen(told->used)] = app_id[4];
    return told->status;
}

static enum catalogue_status on_expire(struct catalogue_backend *backend, const char *app_id,
                                       int64_t revision, int64_t kept_us, struct error *error)
{
    struct told *told = CONTAINER_OF(backend, struct told, backend);

    (void)error;
    assert_true(revision > 0);
    assert_true(kept_us == KEPT_US);
    told->expired[strlen(told->expired)] = app_id[4];
    return told->status;
}

static struct app *add(struct scene *scene, char letter, int64_t revision, bool is_unused)
{
    struct app *app = app_new();

    (void)snprintf(app->id, sizeof(app->id), "app_%c00000000000", letter);
    app->key_count = 1;
    memset(app->keys[0].bytes, letter, sizeof(app->keys[0].bytes));
    app->revision = revision;
    app->is_unused = is_unused;
    app_index_publish_give(scene->index, app);
    return app;
}

/* Gives the change that the catalogue would give. */
static void take_away(struct scene *scene, char letter)
{
    char app_id[APP_ID_BYTES + 1];

    (void)snprintf(app_id, sizeof(app_id), "app_%c00000000000", letter);
    app_index_publish_give(scene->index, app_new_deleted(app_id, scene->now.wall_us));
}

static int setup_keeping(void **state, int64_t kept_us)
{
    static const struct catalogue_operations operations = {.app_use = on_use,
                                                           .app_expire = on_expire};
    static struct scene scene;

    scene = (struct scene){.told = {.backend.operations = &operations},
                           .index = app_index_new(),
                           .now = {START_US, SECOND_US}};
    unused_init(&scene.unused, &scene.told.backend, scene.index, kept_us, scene.now);
    *state = &scene;
    return 0;
}

static int setup(void **state)
{
    return setup_keeping(state, KEPT_US);
}

static int setup_keeping_all(void **state)
{
    return setup_keeping(state, 0);
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    app_index_free(scene->index);
    return 0;
}

/* Moves both clocks. */
static void pass(struct scene *scene, int64_t us)
{
    scene->now.wall_us += us;
    scene->now.monotonic_us += us;
}

static enum catalogue_status look(struct scene *scene)
{
    struct error error = {0};

    return unused_look(&scene->unused, scene->now, &error);
}

static void looks_for(struct scene *scene, int64_t us)
{
    for (int64_t passed = 0; passed < us; passed += MINUTE_S * SECOND_US) {
        pass(scene, MINUTE_S * SECOND_US);
        assert_int_equal(look(scene), CATALOGUE_OK);
    }
}

static void an_app_that_has_decided_is_told_as_used_and_stays(void **state)
{
    struct scene *scene = *state;
    atomic_store(&add(scene, 'a', START_US, true)->has_decided, true);
    (void)add(scene, 'b', START_US, false);

    assert_int_equal(look(scene), CATALOGUE_OK);
    assert_string_equal(scene->told.used, "a");

    (void)add(scene, 'a', START_US + 1, false);
    looks_for(scene, KEPT_US);
    assert_string_equal(scene->told.used, "a");
    assert_string_equal(scene->told.expired, "");
}

static void a_changed_app_still_counts_as_used(void **state)
{
    struct scene *scene = *state;
    atomic_store(&add(scene, 'a', START_US, true)->has_decided, true);

    (void)add(scene, 'a', START_US + 1, true);

    assert_int_equal(look(scene), CATALOGUE_OK);
    assert_string_equal(scene->told.used, "a");
}

static void each_look_removes_one_app_that_was_unused_for_long_enough(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, 'b', START_US - 1, true);
    (void)add(scene, 'a', START_US - 2, true);
    (void)add(scene, 'c', START_US - 3, false);

    looks_for(scene, KEPT_US - MINUTE_S * SECOND_US);
    assert_string_equal(scene->told.expired, "");
    pass(scene, MINUTE_S * SECOND_US);
    assert_int_equal(look(scene), CATALOGUE_OK);
    assert_string_equal(scene->told.expired, "a");
    take_away(scene, 'a');

    assert_int_equal(look(scene), CATALOGUE_OK);
    assert_string_equal(scene->told.expired, "ab");
    take_away(scene, 'b');
    assert_int_equal(look(scene), CATALOGUE_OK);
    assert_string_equal(scene->told.expired, "ab");
    assert_int_equal(atomic_load(&scene->unused.removed), 2);
}

/* Other instances, or an older version, may have used apps that this process has not seen used. */
static void a_process_that_has_just_started_removes_nothing(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, 'a', START_US - 2 * KEPT_US, true);

    looks_for(scene, (DAY_S - MINUTE_S) * SECOND_US);
    assert_string_equal(scene->told.expired, "");

    looks_for(scene, MINUTE_S * SECOND_US);
    assert_string_equal(scene->told.expired, "a");
}

static void a_clock_that_jumps_removes_nothing_for_a_day(void **state)
{
    struct scene *scene = *state;
    looks_for(scene, 2 * DAY_S * SECOND_US);
    (void)add(scene, 'a', scene->now.wall_us, true);

    scene->now.wall_us += YEAR_S * SECOND_US;
    looks_for(scene, DAY_S * SECOND_US);
    assert_string_equal(scene->told.expired, "");

    scene->now.wall_us -= YEAR_S * SECOND_US;
    looks_for(scene, 2 * DAY_S * SECOND_US);
    assert_string_equal(scene->told.expired, "");
}

static void if_all_are_kept_none_is_removed(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, 'a', 1, true);

    looks_for(scene, DAY_S * SECOND_US);

    assert_string_equal(scene->told.expired, "");
}

static void nothing_more_is_told_to_a_catalogue_that_is_away(void **state)
{
    struct scene *scene = *state;
    for (char letter = 'a'; letter <= 'd'; letter++)
        atomic_store(&add(scene, letter, START_US, true)->has_decided, true);
    scene->told.status = CATALOGUE_UNAVAILABLE;

    assert_int_equal(look(scene), CATALOGUE_UNAVAILABLE);

    assert_int_equal(strlen(scene->told.used), 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(an_app_that_has_decided_is_told_as_used_and_stays),
        CASE(a_changed_app_still_counts_as_used),
        CASE(each_look_removes_one_app_that_was_unused_for_long_enough),
        CASE(a_process_that_has_just_started_removes_nothing),
        CASE(a_clock_that_jumps_removes_nothing_for_a_day),
        cmocka_unit_test_setup_teardown(if_all_are_kept_none_is_removed, setup_keeping_all,
                                        teardown),
        CASE(nothing_more_is_told_to_a_catalogue_that_is_away),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
