/* SPDX-License-Identifier: MIT
 *
 * SIGHUP, SIGTERM and SIGINT in every phase: while the service starts, serves, reloads and
 * drains. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/process.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_SECONDS 20
#define UNLIMITED    "register_limit: \"off\"\nmanage_limit: \"off\"\n"

/* A service that drains for a second, because a request has begun and never ends. */
struct lingering {
    struct service *service;
    struct client *tenant;
    int fd;
};

static void lingering_begin(struct lingering *lingering, const struct world *world)
{
    const struct service_options options = world_options(world);

    lingering->service = service_start(&options);
    lingering->tenant = tenant_new(lingering->service);
    lingering->fd =
        raw_begin_check(service_port(lingering->service), client_key(lingering->tenant), 100);
    service_begin_stop(lingering->service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(lingering->service, "draining") == 1)
        ;
}

static void lingering_close(struct lingering *lingering)
{
    (void)close(lingering->fd);
    client_free(lingering->tenant);
}

static void a_reload_is_refused_while_it_drains(void **state)
{
    struct lingering lingering;
    lingering_begin(&lingering, *state);

    service_reload(lingering.service);

    WAIT_FOR (WAIT_SECONDS, service_count_events(lingering.service, "reload refused") == 1)
        ;
    assert_int_equal(service_finish_stop(lingering.service), 0);
    lingering_close(&lingering);
}

static void a_second_signal_of_either_kind_ends_it_at_once(void **state)
{
    static const int seconds[] = {SIGTERM, SIGINT};

    for (size_t i = 0; i < ARRAY_COUNT(seconds); i++) {
        struct lingering lingering;
        lingering_begin(&lingering, *state);

        assert_int_equal(kill(service_process(lingering.service), seconds[i]), 0);

        assert_int_equal(service_finish_stop(lingering.service), 128 + seconds[i]);
        lingering_close(&lingering);
    }
}

/* The binary, starting on this Redis. */
static pid_t start_on(const char *redis_url, char log[static SCRATCH_PATH_BYTES])
{
    char data[SCRATCH_PATH_BYTES];
    const char *const argv[] = {getenv("SLUICE_BINARY"),
                                "serve",
                                "--listen",
                                "127.0.0.1:0",
                                "--data-dir",
                                data,
                                "--engine",
                                "redis",
                                "--redis-url",
                                redis_url,
                                NULL};

    assert_non_null(argv[0]);
    scratch_directory("data", data);
    scratch_file("log", "", log);
    return process_start(argv, NULL, log);
}

/* Its Redis does not exist, so it waits for its catalogue. */
static pid_t start(char log[static SCRATCH_PATH_BYTES])
{
    pid_t process = start_on("redis://127.0.0.1:1/0", log);

    WAIT_FOR (WAIT_SECONDS, scratch_contains(log, "\"event\":\"redis not reachable\""))
        ;
    return process;
}

static void an_end_that_comes_while_it_starts_is_a_clean_one(void **state)
{
    static const int ends[] = {SIGTERM, SIGINT};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        char log[SCRATCH_PATH_BYTES];
        pid_t process = start(log);

        assert_int_equal(kill(process, ends[i]), 0);

        assert_int_equal(process_wait(process, WAIT_SECONDS), 0);
        assert_true(scratch_contains(log, "\"event\":\"stopped\""));
    }
}

/* Its first question is whether it may use the catalogue. It is never answered. */
static void an_end_that_comes_while_its_redis_hangs_is_a_clean_one(void **state)
{
    char log[SCRATCH_PATH_BYTES];
    char url[64];
    int socket = raw_listen();
    struct pollfd asked = {.fd = socket, .events = POLLIN};
    (void)state;
    (void)snprintf(url, sizeof(url), "redis://127.0.0.1:%d/0", raw_port(socket));
    pid_t process = start_on(url, log);
    assert_int_equal(poll(&asked, 1, WAIT_SECONDS * 1000), 1);

    assert_int_equal(kill(process, SIGTERM), 0);

    assert_int_equal(process_wait(process, WAIT_SECONDS), 0);
    (void)close(socket);
}

static void a_reload_that_comes_while_it_starts_is_done_afterwards(void **state)
{
    char log[SCRATCH_PATH_BYTES];
    pid_t process = start(log);
    (void)state;

    assert_int_equal(kill(process, SIGHUP), 0);

    WAIT_FOR (WAIT_SECONDS, scratch_contains(log, "\"event\":\"reloaded\""))
        ;
    assert_int_equal(kill(process, SIGTERM), 0);
    assert_int_equal(process_wait(process, WAIT_SECONDS), 0);
}

/* The thread that was started last is a worker. */
static pid_t a_worker_of(pid_t process)
{
    char path[64];
    pid_t newest = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    for (const struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        pid_t number = (pid_t)strtol(task->d_name, NULL, 10);
        if (number > newest)
            newest = number;
    }
    (void)closedir(tasks);
    return newest;
}

/* Stops one thread, as a debugger does. False if that is not allowed. */
static bool halt(pid_t thread)
{
    int status;

    return ptrace(PTRACE_SEIZE, thread, NULL, NULL) == 0 &&
           ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == 0 &&
           waitpid(thread, &status, __WALL) == thread;
}

static void a_worker_that_hangs_in_a_reload_does_not_keep_the_end_from_coming(void **state)
{
    static const char *const environment[] = {PROCESS_MAY_BE_SEEN, NULL};
    struct service_options options = world_options(*state);
    char config[SCRATCH_PATH_BYTES];
    scratch_file("config", UNLIMITED, config);
    options.config = config;
    options.environment = environment;
    struct service *service = service_start(&options);
    pid_t worker = a_worker_of(service_process(service));
    if (!halt(worker)) {
        service_stop(service);
        skip();
    }

    scratch_rewrite(config, UNLIMITED "drain_timeout_s: 60\n");
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "setting needs a restart") == 1)
        ;
    service_begin_stop(service);

    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "draining") == 1)
        ;
    assert_int_equal(service_count_events(service, "reloaded"), 0);
    assert_int_equal(ptrace(PTRACE_DETACH, worker, NULL, NULL), 0);
    assert_int_equal(service_finish_stop(service), 0);
}

/* The pipe has a writer that writes nothing. */
static void a_reload_that_reads_a_silent_pipe_is_refused(void **state)
{
    struct service_options options = world_options(*state);
    char config[SCRATCH_PATH_BYTES];
    scratch_file("config", UNLIMITED, config);
    options.config = config;
    struct service *service = service_start(&options);
    assert_int_equal(unlink(config), 0);
    assert_int_equal(mkfifo(config, 0600), 0);
    int writer = open(config, O_RDWR | O_CLOEXEC);
    assert_true(writer >= 0);

    service_reload(service);

    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reload refused") == 1)
        ;
    assert_true(scratch_contains(service_log(service), "took longer than 5 s"));
    service_stop(service);
    (void)close(writer);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reload_is_refused_while_it_drains),
        cmocka_unit_test(a_second_signal_of_either_kind_ends_it_at_once),
        cmocka_unit_test(an_end_that_comes_while_it_starts_is_a_clean_one),
        cmocka_unit_test(an_end_that_comes_while_its_redis_hangs_is_a_clean_one),
        cmocka_unit_test(a_reload_that_comes_while_it_starts_is_done_afterwards),
        cmocka_unit_test(a_worker_that_hangs_in_a_reload_does_not_keep_the_end_from_coming),
        cmocka_unit_test(a_reload_that_reads_a_silent_pipe_is_refused),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
