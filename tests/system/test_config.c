/* SPDX-License-Identifier: MIT
 *
 * What is configured, what a service has in force, and SIGHUP while the two differ. */
#include "support/client.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/process.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_SECONDS 30
#define UNLIMITED    "register_limit: \"off\"\nmanage_limit: \"off\"\n"

/* What `sluice config` says with the settings of the service, except for some of its flags. The
 * caller frees it. */
static char *config_of(const struct service *service, const char *config)
{
    const char *const arguments[] = {
        "config", "--config", config, "--data-dir", service_data_dir(service), NULL};
    char *output = NULL;

    assert_int_equal(service_run_command(arguments, &output), 0);
    return output;
}

static void expect_config(const struct service *service, const char *config, const char *line,
                          bool is_there)
{
    char *output = config_of(service, config);

    if ((strstr(output, line) != NULL) != is_there)
        fail_msg("%s is%s in: %s", line, is_there ? " not" : "", output);
    free(output);
}

static struct service *serve(const struct world *world, const char *yaml,
                             char config[static SCRATCH_PATH_BYTES])
{
    struct service_options options = world_options(world);

    scratch_file("config", yaml, config);
    options.config = config;
    return service_start(&options);
}

static void reload(struct service *service, const char *event, int count)
{
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, event) == count)
        ;
}

static void config_tells_what_a_running_service_has_instead(void **state)
{
    char config[SCRATCH_PATH_BYTES];
    struct service *service = serve(*state, UNLIMITED "log_level: info\n", config);

    expect_config(service, config, "\ndrain_timeout_s: 10  # default\nsandbox: ", true);
    scratch_rewrite(config, UNLIMITED "log_level: warn\ndrain_timeout_s: 11\n");
    expect_config(service, config, "\n#     in force: 10 (until a restart)\n", true);
    expect_config(service, config, "\n#     in force: info (until SIGHUP)\n", true);
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, scratch_contains(service_data_dir(service), "\nlog_level: warn\n"))
        ;
    expect_config(service, config, "\n#     in force: 10 (until a restart)\n", true);
    expect_config(service, config, "(until SIGHUP)", false);
    service_stop(service);
}

static void config_does_not_take_the_file_of_a_service_that_has_ended(void **state)
{
    char config[SCRATCH_PATH_BYTES];
    char data[SCRATCH_PATH_BYTES];
    char *output = NULL;
    struct service *service = serve(*state, UNLIMITED, config);
    const char *const arguments[] = {"config", "--data-dir", data, NULL};
    (void)snprintf(data, sizeof(data), "%s", service_data_dir(service));
    assert_true(scratch_contains(data, "\ndrain_timeout_s: 10\n"));

    service_stop(service);

    assert_int_equal(service_run_command(arguments, &output), 0);
    assert_non_null(strstr(output, "no service holds "));
    assert_null(strstr(output, "in force: "));
    free(output);
}

/* As while one instance takes over from another. */
static void the_next_service_with_the_directory_follows_the_one_before(void **state)
{
    char config[SCRATCH_PATH_BYTES];
    struct service *service = serve(*state, UNLIMITED, config);
    struct service_options options = world_options(*state);
    char next_config[SCRATCH_PATH_BYTES];
    scratch_file("next", UNLIMITED "drain_timeout_s: 11\n", next_config);
    options.config = next_config;
    options.data_dir = service_data_dir(service);

    struct service *next = service_start(&options);
    expect_config(service, config, "in force: 11", false);
    service_stop(service);

    WAIT_FOR (WAIT_SECONDS, scratch_contains(service_data_dir(next), "\ndrain_timeout_s: 11\n"))
        ;
    expect_config(next, config, "\n#     in force: 11 (until a restart)\n", true);
    service_stop(next);
}

static void nothing_configures_a_setting_that_is_gone(void **state)
{
    char config[SCRATCH_PATH_BYTES];
    struct service *service = serve(*state, UNLIMITED "metrics_listen: 127.0.0.1:0\n", config);

    scratch_rewrite(config, UNLIMITED);
    reload(service, "reloaded", 1);

    assert_true(scratch_contains(service_log(service), "\"configured\":\"not set\"}"));
    service_stop(service);
}

/* Whoever may write the directory could otherwise choose a file that the service spoils. */
static void a_file_that_no_service_has_made_is_left_as_it_is(void **state)
{
    static const char *const contents[] = {"a file of another program\n", ""};

    for (size_t i = 0; i < ARRAY_COUNT(contents); i++) {
        struct service_options options = world_options(*state);
        char directory[SCRATCH_PATH_BYTES];
        char path[2 * SCRATCH_PATH_BYTES];
        char other[SCRATCH_PATH_BYTES];
        scratch_directory("taken", directory);
        scratch_file("other", contents[i], other);
        (void)snprintf(path, sizeof(path), "%s/in-force.yaml", directory);
        (void)unlink(path);
        assert_int_equal(link(other, path), 0);
        /* One has only one name, the other only nothing to lose. */
        if (contents[i][0] != '\0')
            assert_int_equal(unlink(other), 0);
        options.data_dir = directory;

        service_stop(service_start(&options));

        char *content = scratch_read(path);
        assert_string_equal(content, contents[i]);
        free(content);
    }
}

static void settings_that_are_printed_are_settings_to_serve_with(void **state)
{
    char config[SCRATCH_PATH_BYTES];
    char copy[SCRATCH_PATH_BYTES];
    struct service *service = serve(*state, UNLIMITED "workers: 3\n", config);
    char *output = config_of(service, config);
    scratch_file("copy", output, copy);
    const char *const arguments[] = {"check-config", "--config", copy, NULL};

    assert_int_equal(service_run_command(arguments, NULL), 0);
    free(output);
    service_stop(service);
}

static void a_thousand_reloads_disturb_nothing(void **state)
{
    static const char *const environment[] = {PROCESS_MAY_BE_SEEN, NULL};
    struct service_options options = world_options(*state);
    char config[SCRATCH_PATH_BYTES];
    scratch_file("config", UNLIMITED, config);
    options.config = config;
    options.environment = environment;
    struct service *service = service_start(&options);
    struct client *client = tenant_new(service);
    const size_t files = process_open_fds(service_process(service));
    tenant_policy(client, "{'route_key':'/a','limit':1000000,'window_seconds':60}");
    scratch_rewrite(config, UNLIMITED "drain_timeout_s: 11\nworkers: 5\n");

    for (int i = 0; i < 1000; i++) {
        service_reload(service);
        if (i % 10 == 0)
            EXPECT(client_check(client, "alice", "/a"), 200, NULL);
    }

    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reloaded") > 0)
        ;
    scratch_rewrite(config, UNLIMITED "registration: closed\n");
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, client_post(client, "/register", "{'name':'Late'}")->status == 403)
        ;
    EXPECT(client_check(client, "alice", "/a"), 200, NULL);
    assert_int_equal(service_count_events(service, "reload refused"), 0);
    assert_true(process_open_fds(service_process(service)) < files + 100);
    client_free(client);
    service_stop(service);
}

/* A GiB without a block of its own. */
static void make_huge(const char *path)
{
    assert_int_equal(truncate(path, (off_t)1 << 30), 0);
}

static void make_directory(const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void make_fifo(const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void make_loop(const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(path, path), 0);
}

static void a_file_that_has_become_another_thing_changes_nothing(void **state)
{
    static const struct {
        void (*make)(const char *path);
        const char *told;
    } rows[] = {
        {make_huge, "longer than 1048576 bytes"},
        {make_directory, "cannot read "}, /* the sandbox refuses to open one */
        {make_fifo, "a pipe that holds nothing"},
        {make_loop, "Too many levels of symbolic links"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char config[SCRATCH_PATH_BYTES];
        struct service *service = serve(*state, UNLIMITED, config);
        const size_t resident_kb = process_resident_kb(service_process(service));

        rows[i].make(config);
        reload(service, "reload refused", 1);

        if (!scratch_contains(service_log(service), rows[i].told))
            fail_msg("the log does not say: %s", rows[i].told);
        assert_true(process_resident_kb(service_process(service)) <
                    resident_kb + (size_t)64 * 1024);
        struct client *client = tenant_new(service);
        client_free(client);
        service_stop(service);
    }
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_tells_what_a_running_service_has_instead),
        cmocka_unit_test(config_does_not_take_the_file_of_a_service_that_has_ended),
        cmocka_unit_test(the_next_service_with_the_directory_follows_the_one_before),
        cmocka_unit_test(nothing_configures_a_setting_that_is_gone),
        cmocka_unit_test(a_file_that_no_service_has_made_is_left_as_it_is),
        cmocka_unit_test(settings_that_are_printed_are_settings_to_serve_with),
        cmocka_unit_test(a_thousand_reloads_disturb_nothing),
        cmocka_unit_test(a_file_that_has_become_another_thing_changes_nothing),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
