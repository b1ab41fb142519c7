/* SPDX-License-Identifier: MIT
 *
 * The service ends in time, whatever it is doing with a slow store, and even if a thread hangs. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/fault_proxy.h"
#include "support/process.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <dirent.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define WAIT_SECONDS 20
#define POLICIES     1000 /* all declared, and each costs a round trip */
#define DELAY_MS     100
#define LINE_BYTES   4096

static void expect_last_line(const char *path, const char *event)
{
    FILE *log = fopen(path, "r");
    char line[LINE_BYTES];
    char last[LINE_BYTES] = "";

    assert_non_null(log);
    while (fgets(line, sizeof(line), log) != NULL)
        memcpy(last, line, sizeof(last));
    (void)fclose(log);
    assert_non_null(strstr(last, event));
}

static void write_declaration(char config[static SCRATCH_PATH_BYTES])
{
    static char text[POLICIES * 80];
    char key_path[SCRATCH_PATH_BYTES];
    size_t length;

    free(service_new_key(key_path));
    length =
        (size_t)snprintf(text, sizeof(text),
                         "apps:\n  - name: shop\n    api_key_file: %s\n    policies:\n", key_path);
    for (int i = 0; i < POLICIES; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "      - {route_key: /%d, limit: 5, window_seconds: 60}\n", i);
    scratch_file("config", text, config);
}

/* A proxy in front of the world's Redis. From now on answers come DELAY_MS late. */
static struct fault_proxy *start_late_redis(const struct world *world,
                                            char url[static REDIS_SERVER_URL_BYTES])
{
    const struct fault_proxy_options options = {.port = redis_server_port(world->redis)};
    struct fault_proxy *proxy = fault_proxy_start(&options);

    fault_proxy_set(proxy, FAULT_PROXY_DELAY, DELAY_MS);
    redis_server_write_url(world->redis, fault_proxy_port(proxy), url);
    return proxy;
}

static void what_is_declared_is_no_longer_applied_once_the_end_has_come(void **state)
{
    struct service_options options = world_options(*state);
    char url[REDIS_SERVER_URL_BYTES];
    char config[SCRATCH_PATH_BYTES];
    char log[SCRATCH_PATH_BYTES];
    struct fault_proxy *proxy = start_late_redis(*state, url);
    write_declaration(config);
    options.redis_url = url;
    options.config = config;
    options.not_ready = true;
    struct service *service = service_start(&options);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "declared app created") == 1)
        ;

    (void)snprintf(log, sizeof(log), "%s", service_log(service));
    service_begin_stop(service);

    assert_int_equal(service_finish_stop(service), 0);
    assert_true(scratch_contains(log, "\"event\":\"declared apps not applied\""));
    expect_last_line(log, "\"event\":\"stopped\"");
    fault_proxy_stop(proxy);
}

/* The thread with this name; 0: there is none. */
static pid_t thread_named(pid_t process, const char *name)
{
    char path[64];
    char comm[32];
    pid_t found = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    for (const struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        (void)snprintf(path, sizeof(path), "/proc/%d/task/%.16s/comm", (int)process, task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        if (fgets(comm, sizeof(comm), file) != NULL && strncmp(comm, name, strlen(name)) == 0)
            found = (pid_t)strtol(task->d_name, NULL, 10);
        (void)fclose(file);
    }
    (void)closedir(tasks);
    return found;
}

/* Stops one thread, as a debugger does. False if that is not allowed. */
static bool halt(pid_t thread)
{
    int status;

    return ptrace(PTRACE_SEIZE, thread, NULL, NULL) == 0 &&
           ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == 0 &&
           waitpid(thread, &status, __WALL) == thread;
}

/* A traced thread stays until it is released, or until its tracer has seen its end. */
static void expect_an_end_without(void **state, const char *name, const char *part)
{
    static const char *const environment[] = {PROCESS_MAY_BE_SEEN, NULL};
    struct service_options options = world_options(*state);
    char config[SCRATCH_PATH_BYTES];
    char told[64];
    scratch_file("config", "drain_timeout_s: 1\n", config);
    options.environment = environment;
    options.config = config;
    struct service *service = service_start(&options);
    pid_t thread = thread_named(service_process(service), name);
    assert_int_not_equal(thread, 0);
    if (!halt(thread)) {
        service_stop(service);
        skip();
    }

    service_begin_stop(service);

    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "drain timed out") == 1)
        ;
    (void)snprintf(told, sizeof(told), "\"waited_for\":\"%s\"", part);
    expect_last_line(service_log(service), told);
    if (ptrace(PTRACE_DETACH, thread, NULL, NULL) != 0)
        assert_int_equal(waitpid(thread, NULL, __WALL), thread);
    assert_int_equal(service_finish_stop(service), EXIT_FAILURE);
}

static void a_catalogue_that_hangs_does_not_keep_the_end_from_coming(void **state)
{
    expect_an_end_without(state, "catalogue", "catalogue");
}

static void a_journal_that_hangs_does_not_keep_the_end_from_coming(void **state)
{
    expect_an_end_without(state, "journal", "journal");
}

static void a_reader_that_hangs_does_not_keep_the_end_from_coming(void **state)
{
    expect_an_end_without(state, "reader", "journal");
}

/* The decisions of a worker are reported as lost, although the worker never ends. */
static void decisions_of_a_worker_that_hangs_are_reported_as_lost(void **state)
{
    const struct world *world = *state;
    static const char *const environment[] = {PROCESS_MAY_BE_SEEN, NULL};
    struct service_options options = world_options(world);
    char config[SCRATCH_PATH_BYTES];
    scratch_file("config", "drain_timeout_s: 1\n", config);
    options.environment = environment;
    options.config = config;
    struct service *service = service_start(&options);
    struct client *client = tenant_new(service);
    tenant_policy(client, "{'route_key':'/a','limit':5,'window_seconds':60}");
    redis_server_pause(world->redis);
    EXPECT(client_post(client, "/check", "{'user_id':'u','route_key':'/a'}"), 200, NULL);
    const pid_t thread = thread_named(service_process(service), "worker");
    assert_int_not_equal(thread, 0);
    if (!halt(thread)) {
        redis_server_continue(world->redis);
        client_free(client);
        service_stop(service);
        skip();
    }

    service_begin_stop(service);
    service_expect_events(service, "drain timed out", 1);
    redis_server_continue(world->redis);

    assert_int_equal(service_count_events(service, "journal not all sent"), 1);
    expect_last_line(service_log(service), "\"waited_for\":\"requests\"");
    if (ptrace(PTRACE_DETACH, thread, NULL, NULL) != 0)
        assert_int_equal(waitpid(thread, NULL, __WALL), thread);
    assert_int_equal(service_finish_stop(service), EXIT_FAILURE);
    client_free(client);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_declared_is_no_longer_applied_once_the_end_has_come),
        cmocka_unit_test(a_catalogue_that_hangs_does_not_keep_the_end_from_coming),
        cmocka_unit_test(a_journal_that_hangs_does_not_keep_the_end_from_coming),
        cmocka_unit_test(a_reader_that_hangs_does_not_keep_the_end_from_coming),
        cmocka_unit_test(decisions_of_a_worker_that_hangs_are_reported_as_lost),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
