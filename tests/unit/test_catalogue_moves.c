/* SPDX-License-Identifier: MIT
 *
 * The catalogue in a real cluster whose slots move: nothing is lost, and what cannot be written
 * while a slot moves is said to be not written. */
#include "catalogue_case.h"
#include "catalogue_cases.h"
#include "epochs.h"
#include "sample_policy.h"
#include "support/cluster_group.h"
#include "support/topologies.h"
#include "support/wait.h"

#define TEXT_OF_(number) #number
#define TEXT_OF(number)  TEXT_OF_(number)
#define DELETED_MAX      TEXT_OF(APPS_DELETED_MAX)

static struct catalogue_backend *backend;
static int slot; /* of the catalogue */

/* No thread looks for the nodes, so the map is wrong after each move. */
static int setup(void **state)
{
    struct redis_topology *topology = topology_at(redis_cluster_url(cluster));
    struct error error = {0};
    (void)state;

    slot = redis_cluster_slot(cluster, "{catalogue}");
    for (size_t i = 0; i < redis_cluster_count(cluster); i++)
        (void)redis_server_command(redis_cluster_node(cluster, i), "FLUSHALL");
    backend = catalogue_redis_new(topology);
    return redis_topology_look(topology, &error) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    backend->operations->free(backend);
    return 0;
}

static size_t other_node(void)
{
    epochs_await(cluster);
    return 1 - redis_cluster_owner(cluster, slot);
}

static bool has_app(char letter)
{
    const struct key_digest key = sample_digest((uint8_t)letter);
    char app_id[APP_ID_BYTES + 1];
    struct error error = {0};

    return backend->operations->app_find(backend, &key, app_id, &error) == CATALOGUE_OK;
}

static enum catalogue_status suspend(const char *app_id, struct error *error)
{
    return backend->operations->app_suspend(backend, app_id, true, error);
}

static void apps_are_there_after_each_move(void **state)
{
    (void)state;

    for (char letter = 'a'; letter <= 'd'; letter++) {
        sample_app(backend, letter);
        redis_cluster_move(cluster, slot, other_node());
        for (char before = 'a'; before <= letter; before++)
            assert_true(has_app(before));
    }
}

/* Key by key, until those that it names are on both sides. Then Redis refuses it, and runs nothing
 * of it. */
static void a_write_in_the_middle_of_a_move_is_whole_or_is_said_to_have_failed(void **state)
{
    const size_t to = other_node();
    enum catalogue_status status = CATALOGUE_OK;
    enum app_state written = APP_ACTIVE;
    struct error error = {0};
    char app_id[APP_ID_BYTES + 1];
    (void)state;
    (void)snprintf(app_id, sizeof(app_id), "%s", sample_app(backend, 'a'));
    redis_cluster_begin_move(cluster, slot, to);

    while (status == CATALOGUE_OK) {
        const enum app_state other = written == APP_ACTIVE ? APP_SUSPENDED : APP_ACTIVE;

        assert_int_equal(redis_cluster_move_keys(cluster, slot, to, 1), 1);
        status = backend->operations->app_suspend(backend, app_id, other == APP_SUSPENDED, &error);
        written = status == CATALOGUE_OK ? other : written;
    }

    redis_cluster_end_move(cluster, slot, to);
    struct app *app = load_app(backend, app_id);
    assert_int_equal(status, CATALOGUE_UNAVAILABLE);
    assert_non_null(strstr(error.message, "TRYAGAIN"));
    assert_int_equal(app->state, written);
    app_release(app);
    assert_int_equal(suspend(app_id, &error), CATALOGUE_OK);
    assert_true(has_app('a'));
}

/* All keys are still there, so Redis runs the script. It refuses to touch a key that is not there,
 * as one that the script itself has deleted, or that of another app, which has no name before. */
static void an_app_is_deleted_while_the_move_has_begun(void **state)
{
    struct redis_server *node = redis_cluster_node(cluster, redis_cluster_owner(cluster, slot));
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct error error = {0};
    char app_id[APP_ID_BYTES + 1];
    (void)state;
    (void)snprintf(app_id, sizeof(app_id), "%s", sample_app(backend, 'a'));
    assert_int_equal(backend->operations->policy_save(backend, app_id, policy, NULL, &error),
                     CATALOGUE_CREATED);
    (void)redis_server_command(node, "SET sluice:{catalogue}:forgotten 1");
    (void)redis_server_command(node, "EVAL %s 1 sluice:{catalogue}:deleted",
                               "for i = 1, " DELETED_MAX " do"
                               "  redis.call('ZADD', KEYS[1], i, string.format('app_%012d', i)) "
                               "end");
    redis_cluster_begin_move(cluster, slot, other_node());

    const enum catalogue_status status = backend->operations->app_remove(backend, app_id, &error);

    redis_cluster_end_move(cluster, slot, other_node());
    assert_string_equal(error.message, "");
    assert_int_equal(status, CATALOGUE_OK);
    assert_false(has_app('a'));
    arena_close(&arena);
}

/* It is the only key of all, so the list would be empty in between. */
static void a_key_is_replaced_while_the_move_has_begun(void **state)
{
    struct redis_server *node = redis_cluster_node(cluster, redis_cluster_owner(cluster, slot));
    const struct key_digest key = sample_digest('b');
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct error error = {0};
    char app_id[APP_ID_BYTES + 1];
    (void)state;
    (void)snprintf(app_id, sizeof(app_id), "%s", sample_app(backend, 'a'));
    assert_int_equal(backend->operations->policy_save(backend, app_id, policy, NULL, &error),
                     CATALOGUE_CREATED);
    (void)redis_server_command(node, "SET sluice:{catalogue}:forgotten 1");
    (void)redis_server_command(node, "ZADD sluice:{catalogue}:deleted 1 app_x00000000000");
    redis_cluster_begin_move(cluster, slot, other_node());

    const enum catalogue_status status =
        backend->operations->app_rekey(backend, app_id, &key, &error);

    redis_cluster_end_move(cluster, slot, other_node());
    assert_string_equal(error.message, "");
    assert_int_equal(status, CATALOGUE_OK);
    assert_true(has_app('b'));
    assert_false(has_app('a'));
    arena_close(&arena);
}

/* A copy of an app with one policy, as an instance holds it. */
static struct app *copy_of(int64_t revision)
{
    struct app *app = app_new();
    struct policy *policy = sample_policy(&app->arena, "{'route_key':'/a','rate':'5/s'}");

    (void)snprintf(app->id, sizeof(app->id), "app_a00000000000");
    app->name = TEXT("a");
    app->revision = revision;
    app->key_count = 1;
    app->keys[0] = sample_digest('a');
    app->policies = policy_set_new(&app->arena, &policy, 1);
    return app;
}

static enum catalogue_status put_back(int64_t revision, struct error *error)
{
    struct app *copy = copy_of(revision);
    const enum catalogue_status status = backend->operations->app_restore(backend, copy, error);

    app_release(copy);
    return status;
}

/* It replaces what an older copy has put there: its only key, its app, and its policies. */
static void a_newer_copy_is_put_back_after_the_move_and_the_older_one_stays(void **state)
{
    struct redis_server *node = redis_cluster_node(cluster, redis_cluster_owner(cluster, slot));
    struct error error = {0};
    (void)state;
    assert_int_equal(put_back(1, &error), CATALOGUE_CREATED);
    (void)redis_server_command(node, "SET sluice:{catalogue}:forgotten 1");
    (void)redis_server_command(node, "ZADD sluice:{catalogue}:deleted 1 app_x00000000000");
    redis_cluster_begin_move(cluster, slot, other_node());

    const enum catalogue_status status = put_back(2, &error);

    redis_cluster_end_move(cluster, slot, other_node());
    struct app *app = load_app(backend, "app_a00000000000");
    assert_int_equal(policy_set_count(app->policies), 1);
    app_release(app);
    assert_int_equal(status, CATALOGUE_UNAVAILABLE);
    assert_non_null(strstr(error.message, "TRYAGAIN"));
    assert_true(has_app('a'));
    assert_int_equal(put_back(2, &error), CATALOGUE_CREATED);
    assert_true(has_app('a'));
}

/* It is empty when these are removed. */
static void a_history_of_impossible_writes_is_replaced_while_the_move_has_begun(void **state)
{
    struct redis_server *node = redis_cluster_node(cluster, redis_cluster_owner(cluster, slot));
    struct error error = {0};
    (void)state;
    assert_int_equal(put_back(1, &error), CATALOGUE_CREATED);
    (void)redis_server_command(node, "SET sluice:{catalogue}:forgotten 1");
    (void)redis_server_command(node, "ZADD sluice:{catalogue}:deleted 1 app_x00000000000");
    (void)redis_server_command(node, "DEL sluice:{catalogue}:history");
    (void)redis_server_command(node, "ZADD sluice:{catalogue}:history 9e15 x");
    redis_cluster_begin_move(cluster, slot, other_node());

    const enum catalogue_status status = suspend("app_a00000000000", &error);

    redis_cluster_end_move(cluster, slot, other_node());
    assert_string_equal(error.message, "");
    assert_int_equal(status, CATALOGUE_OK);
}

static bool has_policy(const char *app_id, const char *route)
{
    struct app *app = load_app(backend, app_id);
    bool is_there = false;

    for (size_t i = 0; i < policy_set_count(app->policies); i++)
        is_there |= text_equal(policy_set_at(app->policies, i)->identity.route_key, text_of(route));
    app_release(app);
    return is_there;
}

static enum catalogue_status save(const char *app_id, const char *quoted, struct error *error)
{
    struct arena arena = {0};
    const enum catalogue_status status = backend->operations->policy_save(
        backend, app_id, sample_policy(&arena, quoted), NULL, error);

    arena_close(&arena);
    return status;
}

static void count_app(void *context, struct app *app)
{
    *(size_t *)context += app->state == APP_ACTIVE;
    app_release(app);
}

/* What an instance does that starts, or follows the others. */
static void expect_to_be_read(const char *app_id, size_t apps)
{
    struct catalogue_mark mark;
    struct error error = {0};
    int64_t revision = 0;
    size_t count = 0;

    expect_status(backend->operations->mark_read(backend, 0, &mark, &error), CATALOGUE_OK, &error);
    assert_true(mark.has_identity);
    assert_false(mark.has_lost_list);
    assert_true(mark.progress.newest > 0);
    assert_int_equal(mark.progress.newest, mark.progress.written);
    expect_status(backend->operations->changes(backend, &revision, &count, count_app, &error),
                  CATALOGUE_OK, &error);
    assert_int_equal(count, apps);
    assert_int_equal(revision, mark.progress.newest);
    assert_true(has_app('a'));
    assert_false(has_app('z'));
    assert_true(has_policy(app_id, "/a"));
}

/* As with a configured pepper and before the first deletion: several keys are not there. */
static void make_catalogue(char app_id[static APP_ID_BYTES + 1])
{
    const struct pepper pepper = {{1}};
    const struct catalogue_identity identity = catalogue_identity_new(&pepper, NULL);
    struct error error = {0};

    expect_status(backend->operations->mark_claim(backend, NULL, &identity, &error),
                  CATALOGUE_CREATED, &error);
    (void)sample_app(backend, 'b');
    (void)snprintf(app_id, APP_ID_BYTES + 1, "%s", sample_app(backend, 'a'));
    expect_status(save(app_id, "{'route_key':'/a','rate':'5/s'}", &error), CATALOGUE_CREATED,
                  &error);
}

static void what_is_there_is_read_wherever_its_keys_are(void **state)
{
    const size_t to = other_node();
    char app_id[APP_ID_BYTES + 1];
    size_t moved = 0;
    (void)state;
    make_catalogue(app_id);
    redis_cluster_begin_move(cluster, slot, to);

    do
        expect_to_be_read(app_id, 2);
    while (redis_cluster_move_keys(cluster, slot, to, 1) == 1 && ++moved < 100);

    redis_cluster_end_move(cluster, slot, to);
    assert_in_range(moved, 8, 99);
}

static void expect_what_is_there_to_be_written(const char *app_id)
{
    const struct policy_identity identity = {.route_key = TEXT("/b"), .role = TEXT("default")};
    const struct key_digest key = sample_digest('a');
    struct error error = {0};

    expect_status(save(app_id, "{'route_key':'/a','rate':'6/s'}", &error), CATALOGUE_OK, &error);
    expect_status(save(app_id, "{'route_key':'/b','rate':'5/s'}", &error), CATALOGUE_CREATED,
                  &error);
    assert_true(has_policy(app_id, "/b"));
    expect_status(backend->operations->policy_remove(backend, app_id, &identity, &error),
                  CATALOGUE_OK, &error);
    assert_false(has_policy(app_id, "/b"));
    expect_status(suspend(app_id, &error), CATALOGUE_OK, &error);
    expect_status(backend->operations->app_suspend(backend, app_id, false, &error), CATALOGUE_OK,
                  &error);
    expect_status(backend->operations->app_rekey(backend, app_id, &key, &error), CATALOGUE_OK,
                  &error);
}

static enum catalogue_status create(char letter, struct error *error)
{
    const struct key_digest key = sample_digest((uint8_t)letter);
    char app_id[APP_ID_BYTES + 1];

    (void)snprintf(app_id, sizeof(app_id), "app_%c00000000000", letter);
    return backend->operations->app_create(
        backend,
        &(struct catalogue_new_app){
            .app_id = app_id, .name = TEXT("new"), .created_at_us = 1, .key = &key},
        error);
}

/* Redis makes no key there any more, so what needs a new one waits, and leaves nothing behind. */
static void what_is_there_is_written_before_its_keys_move(void **state)
{
    const size_t to = other_node();
    char app_id[APP_ID_BYTES + 1];
    struct error error = {0};
    (void)state;
    make_catalogue(app_id);
    redis_cluster_begin_move(cluster, slot, to);

    expect_what_is_there_to_be_written(app_id);
    const enum catalogue_status created = create('c', &error);
    const enum catalogue_status saved =
        save("app_b00000000000", "{'route_key':'/a','rate':'5/s'}", &error);
    assert_non_null(strstr(error.message, "TRYAGAIN"));
    expect_to_be_read(app_id, 2);

    redis_cluster_end_move(cluster, slot, to);
    assert_int_equal(created, CATALOGUE_UNAVAILABLE);
    assert_int_equal(saved, CATALOGUE_UNAVAILABLE);
    expect_to_be_read(app_id, 2);
    expect_status(create('c', &error), CATALOGUE_CREATED, &error);
    expect_status(save("app_b00000000000", "{'route_key':'/a','rate':'5/s'}", &error),
                  CATALOGUE_CREATED, &error);
}

static void all_is_written_when_its_keys_have_moved(void **state)
{
    const size_t to = other_node();
    char app_id[APP_ID_BYTES + 1];
    struct error error = {0};
    (void)state;
    make_catalogue(app_id);
    redis_cluster_begin_move(cluster, slot, to);
    while (redis_cluster_move_keys(cluster, slot, to, 100) > 0)
        ;

    expect_what_is_there_to_be_written(app_id);
    expect_status(create('c', &error), CATALOGUE_CREATED, &error);
    expect_status(save("app_c00000000000", "{'route_key':'/a','rate':'5/s'}", &error),
                  CATALOGUE_CREATED, &error);
    expect_to_be_read(app_id, 3);

    redis_cluster_end_move(cluster, slot, to);
    expect_to_be_read("app_c00000000000", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(apps_are_there_after_each_move, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_write_in_the_middle_of_a_move_is_whole_or_is_said_to_have_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_app_is_deleted_while_the_move_has_begun, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_key_is_replaced_while_the_move_has_begun, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_newer_copy_is_put_back_after_the_move_and_the_older_one_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_history_of_impossible_writes_is_replaced_while_the_move_has_begun, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_there_is_read_wherever_its_keys_are, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_there_is_written_before_its_keys_move, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(all_is_written_when_its_keys_have_moved, setup, teardown),
    };

    return cmocka_run_group_tests(tests, cluster_group_open, cluster_group_close);
}
