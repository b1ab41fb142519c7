/* SPDX-License-Identifier: MIT
 *
 * `sluice admin`, while two services use the catalogue. */
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/process.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 10
#define APP_ID_MAX   32

struct scene {
    struct world *world;
    struct service *first;
    struct service *second;
};

/* An app with a policy that both services know. */
struct tenant {
    char app_id[APP_ID_MAX];
    struct client *here;
    struct client *there;
};

static struct tenant open_tenant(const struct scene *scene)
{
    struct tenant tenant = {.here = stranger_new(scene->first),
                            .there = stranger_new(scene->second)};
    const struct reply *reply = client_post(tenant.here, "/register", "{'name':'Admin\\'s'}");

    EXPECT(reply, 201, NULL);
    (void)snprintf(tenant.app_id, sizeof(tenant.app_id), "%s", reply_text(reply, "app_id"));
    client_set_key(tenant.here, reply_text(reply, "api_key"));
    client_set_key(tenant.there, client_key(tenant.here));
    tenant_policy(tenant.here, "{'route_key':'/a','limit':1000000,'window_seconds':3600}");
    WAIT_FOR (WAIT_SECONDS, client_check(tenant.there, "alice", "/a")->status == 200)
        ;
    return tenant;
}

static void close_tenant(struct tenant *tenant)
{
    client_free(tenant->here);
    client_free(tenant->there);
}

static void wait_for_status(const struct tenant *tenant, int status)
{
    WAIT_FOR (WAIT_SECONDS, client_check(tenant->here, "alice", "/a")->status == status &&
                                client_check(tenant->there, "alice", "/a")->status == status)
        ;
}

/* Leaves argv[0] to the caller. */
static void collect(const struct scene *scene, const char *action, const char *app_id,
                    const char *argv[static 10])
{
    size_t count = 0;

    argv[count++] = "admin";
    argv[count++] = action;
    if (app_id != NULL)
        argv[count++] = app_id;
    argv[count++] = "--data-dir";
    argv[count++] = service_data_dir(scene->first);
    if (scene->world->redis_url != NULL) {
        argv[count++] = "--engine=redis";
        argv[count++] = "--redis-url";
        argv[count++] = scene->world->redis_url;
    }
    argv[count] = NULL;
}

/* Returns the output. The caller frees it. */
static char *admin(const struct scene *scene, const char *action, const char *app_id, int code)
{
    const char *argv[10];
    char *output = NULL;

    collect(scene, action, app_id, argv);
    int exit_code = service_run_command(argv, &output);
    if (exit_code != code)
        fail_msg("admin %s exited with %d and said: %s", action, exit_code, output);
    return output;
}

static void apps_are_listed_with_what_they_have(void **state)
{
    const struct scene *scene = *state;
    struct tenant tenant = open_tenant(scene);
    json_t *found = NULL;

    char *output = admin(scene, "list", NULL, 0);

    char *rest = output;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        json_t *app = json_loads(line, 0, NULL);
        const char *id = json_string_value(json_object_get(app, "app_id"));
        if (id != NULL && strcmp(id, tenant.app_id) == 0)
            found = json_incref(app);
        json_decref(app);
    }
    assert_non_null(found);
    EXPECT_MEMBERS(found, "app_id name state keys policies created_at unused");
    assert_true(json_is_true(json_object_get(found, "unused")));
    assert_string_equal(json_string_value(json_object_get(found, "state")), "active");
    assert_int_equal(json_integer_value(json_object_get(found, "keys")), 1);
    assert_int_equal(json_integer_value(json_object_get(found, "policies")), 1);
    json_decref(found);
    free(output);
    close_tenant(&tenant);
}

/* As raw bytes they would clear the screen, and reverse the text. */
static void a_name_does_nothing_to_the_terminal(void **state)
{
    const struct scene *scene = *state;
    struct client *stranger = stranger_new(scene->first);
    const struct reply *reply =
        client_post(stranger, "/register", "{'name':'a\\u009b2J\\u007f\\u202e\\u200b\\u2028b'}");

    EXPECT(reply, 201, NULL);

    char *output = admin(scene, "list", NULL, 0);

    assert_non_null(strstr(output, "\"a\\u009b2J\\u007f\\u202e\\u200b\\u2028b\""));
    assert_null(strstr(output, "\xc2\x9b"));
    free(output);
    client_free(stranger);
}

static void a_suspended_app_is_answered_403_everywhere_until_it_is_resumed(void **state)
{
    const struct scene *scene = *state;
    struct tenant tenant = open_tenant(scene);
    struct tenant other = open_tenant(scene);

    free(admin(scene, "suspend", tenant.app_id, 0));
    wait_for_status(&tenant, 403);

    EXPECT_PROBLEM(client_check(tenant.here, "alice", "/a"), 403, "has suspended the app");
    EXPECT_PROBLEM(client_get(tenant.there, "/policy"), 403, "has suspended the app");
    EXPECT(client_check(other.here, "alice", "/a"), 200, NULL);
    char *output = admin(scene, "list", NULL, 0);
    assert_non_null(strstr(output, "\"suspended\""));
    free(output);

    free(admin(scene, "resume", tenant.app_id, 0));
    wait_for_status(&tenant, 200);
    EXPECT(client_get(tenant.here, "/policy"), 200, "[{'route_key':'/a'}]");
    close_tenant(&tenant);
    close_tenant(&other);
}

static void a_deleted_app_is_gone_everywhere(void **state)
{
    const struct scene *scene = *state;
    struct tenant tenant = open_tenant(scene);
    struct tenant other = open_tenant(scene);

    free(admin(scene, "delete", tenant.app_id, 0));
    wait_for_status(&tenant, 401);

    EXPECT_PROBLEM(client_check(tenant.there, "alice", "/a"), 401, "belongs to no app");
    EXPECT(client_check(other.there, "alice", "/a"), 200, NULL);
    char *output = admin(scene, "list", NULL, 0);
    assert_null(strstr(output, tenant.app_id));
    assert_non_null(strstr(output, other.app_id));
    free(output);
    output = admin(scene, "delete", tenant.app_id, 1);
    assert_non_null(strstr(output, "there is no app"));
    free(output);
    close_tenant(&tenant);
    close_tenant(&other);
}

static void a_replaced_key_is_the_only_one_that_is_valid(void **state)
{
    const struct scene *scene = *state;
    struct tenant tenant = open_tenant(scene);

    char *key = admin(scene, "replace-key", tenant.app_id, 0);
    key[strcspn(key, "\n")] = '\0';
    wait_for_status(&tenant, 401);

    client_set_key(tenant.here, key);
    client_set_key(tenant.there, key);
    EXPECT(client_get(tenant.here, "/policy"), 200, "[{'route_key':'/a'}]");
    EXPECT(client_check(tenant.there, "alice", "/a"), 200, NULL);
    free(key);
    close_tenant(&tenant);
}

static void a_deleted_app_does_not_come_back_with_what_was_lost(void **state)
{
    const struct scene *scene = *state;
    struct tenant tenant = open_tenant(scene);
    struct tenant other = open_tenant(scene);
    if (scene->world->redis == NULL) {
        close_tenant(&tenant);
        close_tenant(&other);
        skip();
    }
    free(admin(scene, "delete", tenant.app_id, 0));
    free(admin(scene, "suspend", other.app_id, 0));
    wait_for_status(&tenant, 401);
    wait_for_status(&other, 403);

    (void)redis_server_command(scene->world->redis, "FLUSHALL");
    WAIT_FOR (WAIT_SECONDS, service_count_events(scene->first, "catalogue is whole") > 0 &&
                                service_count_events(scene->second, "catalogue is whole") > 0)
        ;

    char *output = admin(scene, "list", NULL, 0);
    assert_null(strstr(output, tenant.app_id));
    assert_non_null(strstr(output, other.app_id));
    free(output);
    EXPECT(client_check(tenant.here, "alice", "/a"), 401, NULL);
    EXPECT(client_check(other.there, "alice", "/a"), 403, NULL);
    close_tenant(&tenant);
    close_tenant(&other);
}

/* The key is in the configuration, and the next reload would make it valid again. */
static void the_key_of_a_declared_app_is_not_replaced(void **state)
{
    const struct scene *scene = *state;
    char key_path[SCRATCH_PATH_BYTES];
    char config[SCRATCH_PATH_BYTES];
    char yaml[SCRATCH_PATH_BYTES + 128];
    char *key = service_new_key(key_path);
    (void)snprintf(yaml, sizeof(yaml), "apps:\n  - name: declared\n    api_key_file: %s\n",
                   key_path);
    scratch_file("declared.yaml", yaml, config);
    const char *const flags[] = {"--config", config, NULL};
    struct service_options options = world_options(scene->world);
    options.data_dir = service_data_dir(scene->first);
    options.flags = flags;
    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);
    client_set_key(client, key);
    EXPECT(client_get(client, "/policy"), 200, NULL);
    char *list = admin(scene, "list", NULL, 0);
    char app_id[APP_ID_MAX] = "";
    char *rest = list;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        json_t *app = json_loads(line, 0, NULL);
        if (app != NULL && strcmp(json_string_value(json_object_get(app, "name")), "declared") == 0)
            (void)snprintf(app_id, sizeof(app_id), "%s",
                           json_string_value(json_object_get(app, "app_id")));
        json_decref(app);
    }
    const char *argv[12];
    char *output = NULL;
    if (scene->world->redis != NULL) /* the index of keys may be lost alone */
        (void)redis_server_command(scene->world->redis, "DEL sluice:{catalogue}:keys");

    collect(scene, "replace-key", app_id, argv);
    size_t count = 0;
    while (argv[count] != NULL)
        count++;
    argv[count++] = "--config";
    argv[count++] = config;
    argv[count] = NULL;
    assert_int_equal(service_run_command(argv, &output), 1);

    assert_non_null(strstr(output, "is declared: its key is the one of its api_key_file"));
    EXPECT(client_get(client, "/policy"), 200, NULL);
    free(output);
    free(list);
    free(key);
    client_free(client);
    service_stop(service);
}

static void a_new_key_that_cannot_be_printed_is_told(void **state)
{
    const struct scene *scene = *state;
    struct tenant tenant = open_tenant(scene);
    const char *const commands[] = {"replace-key", "list"};
    const char *argv[12] = {getenv("SLUICE_BINARY")};

    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        collect(scene, commands[i], i == 0 ? tenant.app_id : NULL, argv + 1);
        assert_int_equal(process_wait(process_start(argv, NULL, "/dev/full"), WAIT_SECONDS), 74);
    }
    close_tenant(&tenant);
}

/* It may be back in a moment. */
static void in_a_lost_catalogue_no_app_is_called_absent(void **state)
{
    const struct scene *scene = *state;
    if (scene->world->redis == NULL)
        skip();
    (void)redis_server_command(scene->world->redis, "EVAL %s 1 sluice:{catalogue}:restoring",
                               "local now = redis.call('TIME') "
                               "redis.call('SET', KEYS[1], string.format('%.0f', "
                               "now[1] * 1000000 + now[2] + 5000000) .. ' host:1:a')");

    char *output = admin(scene, "suspend", "app_000000000000", 69);

    assert_non_null(strstr(output, "has been lost"));
    free(output);
    (void)redis_server_command(scene->world->redis, "DEL sluice:{catalogue}:restoring");
}

static void a_damaged_app_that_is_suspended_is_served_nowhere(void **state)
{
    const struct scene *scene = *state;
    struct tenant tenant = open_tenant(scene);
    struct tenant other = open_tenant(scene);
    if (scene->world->redis == NULL) {
        close_tenant(&tenant);
        close_tenant(&other);
        skip();
    }
    (void)redis_server_command(scene->world->redis,
                               "HSET sluice:{catalogue}:app:%s created_at soon", tenant.app_id);

    char *output = admin(scene, "suspend", tenant.app_id, 1);
    wait_for_status(&tenant, 401);

    assert_non_null(strstr(output, "no longer served"));
    free(output);
    output = admin(scene, "list", NULL, 0);
    assert_non_null(strstr(output, "\"damaged\""));
    free(output);
    EXPECT(client_check(other.there, "alice", "/a"), 200, NULL);
    free(admin(scene, "delete", tenant.app_id, 0));
    close_tenant(&tenant);
    close_tenant(&other);
}

/* The writes of both sides wait for each other. */
static void services_write_while_an_operator_does(void **state)
{
    enum { ADMINS = 4, POLICIES = 30 };
    const struct scene *scene = *state;
    struct tenant tenant = open_tenant(scene);
    pid_t admins[ADMINS];
    const char *argv[11] = {getenv("SLUICE_BINARY")};
    char output[SCRATCH_PATH_BYTES];
    scratch_file("admin", "", output);

    for (int i = 0; i < ADMINS; i++) {
        collect(scene, i % 2 == 0 ? "resume" : "list", i % 2 == 0 ? tenant.app_id : NULL, argv + 1);
        admins[i] = process_start(argv, NULL, output);
    }
    for (int i = 0; i < POLICIES; i++)
        tenant_policy(tenant.here, "{'route_key':'/%d','rate':'1/s'}", i);
    for (int i = 0; i < ADMINS; i++)
        assert_int_equal(process_wait(admins[i], WAIT_SECONDS), 0);

    WAIT_FOR (WAIT_SECONDS,
              json_array_size(client_get(tenant.there, "/policy")->json) == POLICIES + 1)
        ;
    close_tenant(&tenant);
}

static void mistakes_are_named(void **state)
{
    const struct scene *scene = *state;
    static const struct {
        const char *action;
        const char *app_id;
        int code;
        const char *saying;
    } cases[] = {
        {"dance", NULL, 2, "no such action"},
        {"list", "app_000000000000", 2, "takes no app"},
        {"delete", NULL, 2, "needs the id of an app"},
        {"delete", "app_'; DROP", 2, "not the id of an app"},
        {"suspend", "app_000000000000", 1, "there is no app app_000000000000"},
        {"resume", "app_000000000000", 1, "there is no app app_000000000000"},
        {"replace-key", "app_000000000000", 1, "there is no app app_000000000000"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char *output = admin(scene, cases[i].action, cases[i].app_id, cases[i].code);
        if (strstr(output, cases[i].saying) == NULL)
            fail_msg("%s: %s", cases[i].action, output);
        free(output);
    }
}

static int open_scene(void **state)
{
    struct scene *scene = MEMORY_NEW(struct scene);
    void *world = NULL;

    *state = scene;
    (void)world_open_engine(&world);
    scene->world = world;
    struct service_options options = world_options(scene->world);
    scene->first = service_start(&options);
    options.data_dir = service_data_dir(scene->first);
    scene->second = service_start(&options);
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    void *world = scene->world;

    service_stop(scene->first);
    service_stop(scene->second);
    free(scene);
    return world_close(&world);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apps_are_listed_with_what_they_have),
        cmocka_unit_test(a_name_does_nothing_to_the_terminal),
        cmocka_unit_test(a_suspended_app_is_answered_403_everywhere_until_it_is_resumed),
        cmocka_unit_test(a_deleted_app_is_gone_everywhere),
        cmocka_unit_test(a_replaced_key_is_the_only_one_that_is_valid),
        cmocka_unit_test(a_deleted_app_does_not_come_back_with_what_was_lost),
        cmocka_unit_test(the_key_of_a_declared_app_is_not_replaced),
        cmocka_unit_test(a_new_key_that_cannot_be_printed_is_told),
        cmocka_unit_test(in_a_lost_catalogue_no_app_is_called_absent),
        cmocka_unit_test(a_damaged_app_that_is_suspended_is_served_nowhere),
        cmocka_unit_test(services_write_while_an_operator_does),
        cmocka_unit_test(mistakes_are_named),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, open_scene, close_scene));
}
