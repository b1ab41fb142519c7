/* SPDX-License-Identifier: MIT
 *
 * GET /usage after the process that counted has ended, cleanly or not. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/redis_server.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_S 30
#define DAY        "/usage?window=1d&step=1h"

/* A service that ends and comes back with the same data, and a client of it with the same key. */
struct scene {
    struct service_options options;
    char data_dir[SCRATCH_PATH_BYTES + 8];
    struct service *service;
    struct client *tenant;
};

static void scene_open(struct scene *scene, const struct world *world)
{
    *scene = (struct scene){.options = world_options(world)};
    scratch_directory("kept", scene->data_dir);
    scene->options.data_dir = scene->data_dir;
    scene->service = service_start(&scene->options);
    scene->tenant = tenant_new(scene->service);
    tenant_policy(scene->tenant, "{'route_key':'*','limit':100,'window_seconds':31536000}");
}

/* After the service has ended. */
static void scene_go_on(struct scene *scene)
{
    struct client *before = scene->tenant;

    scene->service = service_start(&scene->options);
    scene->tenant = stranger_new(scene->service);
    client_set_key(scene->tenant, client_key(before));
    client_free(before);
}

static void scene_close(struct scene *scene)
{
    client_free(scene->tenant);
    service_stop(scene->service);
}

static void check_times(struct scene *scene, const char *user, const char *route, int times)
{
    for (int i = 0; i < times; i++)
        assert_int_not_equal(client_check(scene->tenant, user, route)->status, 0);
}

static int64_t decisions(struct scene *scene, const char *query)
{
    const struct reply *usage = client_get(scene->tenant, "%s", query);

    EXPECT(usage, 200, "{'degraded':false}");
    return reply_integer(usage, "totals.allowed") + reply_integer(usage, "totals.denied");
}

static void totals_are_the_checks_sent_across_clean_restarts(void **state)
{
    struct scene scene;

    scene_open(&scene, *state);
    for (int round = 1; round <= 3; round++) {
        check_times(&scene, "alice", "/a", 150);
        check_times(&scene, "bob", "/b", 7);
        service_stop(scene.service);
        scene_go_on(&scene);

        const struct reply *usage = client_get(scene.tenant, DAY);
        EXPECT(usage, 200, "{'degraded':false}");
        const int64_t allowed = reply_integer(usage, "totals.allowed");
        assert_int_equal(allowed + reply_integer(usage, "totals.denied"), 157 * round);
        assert_string_equal(reply_text(usage, "top_denied.subjects.0.user_id"), "alice");
        assert_int_equal(reply_integer(usage, "routes.0.allowed") +
                             reply_integer(usage, "routes.0.denied"),
                         150 * round);
    }

    assert_int_equal(decisions(&scene, "/usage?window=1h"), 157 * 3);
    assert_int_equal(decisions(&scene, "/usage?window=7d&step=7m"), 157 * 3);
    assert_int_equal(decisions(&scene, "/usage?window=90d&step=1d"), 157 * 3);
    scene_close(&scene);
}

/* Whether what was decided about the route is where a kill leaves it. Asking for the usage would
 * bring it there. */
static bool is_saved(const struct world *world, const struct scene *scene, const char *route)
{
    static const char script[] = "for _, key in ipairs(redis.call('KEYS', 'sluice:usage:*')) do "
                                 "  for _, value in ipairs(redis.call('HVALS', key)) do "
                                 "    if string.find(value, ARGV[1], 1, true) then return 1 end "
                                 "  end "
                                 "end "
                                 "return 0";

    if (world->redis == NULL)
        return scratch_contains(scene->data_dir, route);
    return redis_server_command(world->redis, "EVAL %s 0 %s", script, route)->integer == 1;
}

static void a_kill_loses_at_most_what_was_not_flushed(void **state)
{
    const struct world *world = *state;
    struct scene scene;
    int64_t sent = 0;

    scene_open(&scene, world);
    for (int round = 0; round < 3; round++) {
        char route[32];
        (void)snprintf(route, sizeof(route), "/flushed/%d", round);
        check_times(&scene, "alice", "/a", 40);
        check_times(&scene, "alice", route, 1);
        WAIT_FOR (PATIENCE_S, is_saved(world, &scene, route))
            ;
        check_times(&scene, "alice", "/late", 20);
        service_kill(scene.service);
        scene_go_on(&scene);

        const int64_t told = decisions(&scene, DAY);
        assert_in_range(told, sent + 41, sent + 61);
        sent = told;
    }
    scene_close(&scene);
}

static void only_the_memory_engine_has_a_file_of_usage(void **state)
{
    const struct world *world = *state;
    char path[SCRATCH_PATH_BYTES + 32];
    struct scene scene;
    struct stat status;

    scene_open(&scene, world);
    check_times(&scene, "alice", "/a", 1);
    assert_int_equal(decisions(&scene, DAY), 1);

    (void)snprintf(path, sizeof(path), "%s/usage.db", scene.data_dir);
    assert_int_equal(stat(path, &status), world->redis == NULL ? 0 : -1);
    scene_close(&scene);
}

static void the_file_is_in_the_data_directory_wherever_the_catalogue_is(void **state)
{
    const struct world *world = *state;
    if (world->redis != NULL)
        skip(); /* there is no file */
    char elsewhere[SCRATCH_PATH_BYTES];
    char catalogue[SCRATCH_PATH_BYTES + 32];
    const char *const flags[] = {"--catalogue", catalogue, NULL};
    struct scene scene = {.options = world_options(world)};
    struct stat status;
    scratch_directory("elsewhere", elsewhere);
    (void)snprintf(catalogue, sizeof(catalogue), "sqlite:%s/sluice.db", elsewhere);
    (void)snprintf(scene.data_dir, sizeof(scene.data_dir), "%s/new", elsewhere);
    scene.options.data_dir = scene.data_dir;
    scene.options.flags = flags;

    scene.service = service_start(&scene.options);
    scene.tenant = tenant_new(scene.service);
    tenant_policy(scene.tenant, "{'route_key':'*','limit':100,'window_seconds':31536000}");
    check_times(&scene, "alice", "/a", 4);
    service_stop(scene.service);
    scene_go_on(&scene);

    assert_int_equal(decisions(&scene, DAY), 4);
    assert_int_equal(stat(scene.data_dir, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    scene_close(&scene);
}

static void a_damaged_file_stops_neither_decisions_nor_usage(void **state)
{
    const struct world *world = *state;
    if (world->redis != NULL)
        skip(); /* there is no file */
    char path[SCRATCH_PATH_BYTES + 32];
    struct scene scene;
    scene_open(&scene, world);
    service_stop(scene.service);
    (void)snprintf(path, sizeof(path), "%s/usage.db", scene.data_dir);
    scratch_rewrite(path, "This is no database.");

    scene_go_on(&scene);
    EXPECT(client_check(scene.tenant, "alice", "/a"), 200, NULL);

    WAIT_FOR (PATIENCE_S, json_is_false(reply_at(client_get(scene.tenant, "/usage"), "degraded")))
        ;
    assert_int_equal(decisions(&scene, DAY), 1);
    service_expect_events(scene.service, "usage cannot be saved", 1);
    service_expect_events(scene.service,
                          "usage begins anew, because its file is damaged and was set aside", 1);
    service_expect_events(scene.service, "usage is saved again", 1);
    scene_close(&scene);
}

static void a_deleted_file_costs_nothing_that_the_process_holds(void **state)
{
    static const char *const names[] = {"", "-wal", "-shm"};
    const struct world *world = *state;
    if (world->redis != NULL)
        skip(); /* there is no file */
    struct scene scene;
    scene_open(&scene, world);
    check_times(&scene, "alice", "/a", 4);
    assert_int_equal(decisions(&scene, DAY), 4);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char path[SCRATCH_PATH_BYTES + 32];
        (void)snprintf(path, sizeof(path), "%s/usage.db%s", scene.data_dir, names[i]);
        assert_int_equal(unlink(path), 0);
    }

    check_times(&scene, "alice", "/a", 1);

    EXPECT(client_get(scene.tenant, DAY), 200, "{'degraded':true,'totals':{'allowed':5}}");
    assert_int_equal(decisions(&scene, DAY), 5);
    service_expect_events(scene.service, "usage was lost, and what is held here is saved again", 1);
    service_kill(scene.service);
    scene_go_on(&scene);
    assert_int_equal(decisions(&scene, DAY), 5);
    scene_close(&scene);
}

static void without_a_place_for_the_file_decisions_go_on_and_usage_says_so(void **state)
{
    const struct world *world = *state;
    if (world->redis != NULL)
        skip(); /* there is no file */
    char path[SCRATCH_PATH_BYTES + 32];
    struct scene scene;
    scene_open(&scene, world);
    service_stop(scene.service);
    (void)snprintf(path, sizeof(path), "%s/usage.db", scene.data_dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);

    scene_go_on(&scene);
    check_times(&scene, "alice", "/a", 3);

    EXPECT(client_get(scene.tenant, "/usage"), 200, "{'degraded':true,'totals':{'allowed':3}}");
    assert_int_equal(rmdir(path), 0);
    WAIT_FOR (PATIENCE_S, json_is_false(reply_at(client_get(scene.tenant, "/usage"), "degraded")))
        ;
    assert_int_equal(decisions(&scene, DAY), 3);
    service_expect_events(scene.service, "usage cannot be saved", 1);
    scene_close(&scene);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_are_the_checks_sent_across_clean_restarts),
        cmocka_unit_test(a_kill_loses_at_most_what_was_not_flushed),
        cmocka_unit_test(only_the_memory_engine_has_a_file_of_usage),
        cmocka_unit_test(the_file_is_in_the_data_directory_wherever_the_catalogue_is),
        cmocka_unit_test(a_damaged_file_stops_neither_decisions_nor_usage),
        cmocka_unit_test(a_deleted_file_costs_nothing_that_the_process_holds),
        cmocka_unit_test(without_a_place_for_the_file_decisions_go_on_and_usage_says_so),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
