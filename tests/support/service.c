/* SPDX-License-Identifier: MIT */
#include "support/service.h"

#include "base/memory.h"
#include "support/client.h"
#include "support/cmocka.h"
#include "support/process.h"
#include "support/raw.h"
#include "support/wait.h"

#include <jansson.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENT_SECONDS  10
#define LISTEN_SECONDS 20
#define READY_SECONDS  20
#define STOP_SECONDS   40
#define PAUSE_SECONDS  20
#define ARGUMENTS_MAX  48
#define SERVICES_MAX   64
#define SOCKET_BYTES   128

static const char socket_prefix[] = "unix:";

struct service {
    pid_t process;
    int port;
    bool is_https;
    int exit_code;             /* PROCESS_RUNNING until it ends */
    char socket[SOCKET_BYTES]; /* "unix:" and the path; "": none */
    char data_dir[SCRATCH_PATH_BYTES];
    char catalogue[SCRATCH_PATH_BYTES + 32]; /* the file there, as a setting */
    char log[SCRATCH_PATH_BYTES];
};

static void collect_arguments(const struct service_options *options, const struct service *service,
                              const char *argv[static ARGUMENTS_MAX]);
static void add_flag(const char *argv[static ARGUMENTS_MAX], size_t *count, const char *name,
                     const char *value);
static const char *or_else(const char *given, const char *fallback);
static pid_t start_passing(const struct service_options *options, const char *const argv[],
                           const char *log);
static bool has_listened(struct service *service);
static bool is_ready(struct service *service);
static bool has_ended(struct service *service);
static bool stands_still(const struct service *service);
static int for_each_event(const char *log, const char *event, int *port);
static const char *binary(void);

static char logs[SERVICES_MAX][SCRATCH_PATH_BYTES];
static size_t log_count;
static int unclean_exits;

struct service *service_start(const struct service_options *options)
{
    struct service *service = MEMORY_NEW(struct service);
    const char *argv[ARGUMENTS_MAX] = {NULL};

    service->exit_code = PROCESS_RUNNING;
    service->is_https = options->https;
    if (options->socket != NULL)
        (void)snprintf(service->socket, sizeof(service->socket), "%s%s", socket_prefix,
                       options->socket);
    if (options->data_dir == NULL)
        scratch_directory("data", service->data_dir);
    else
        (void)snprintf(service->data_dir, sizeof(service->data_dir), "%s", options->data_dir);
    (void)snprintf(service->catalogue, sizeof(service->catalogue), "sqlite:%s/sluice.db",
                   service->data_dir);
    scratch_file("service-log", "", service->log);
    ASSERT(log_count < SERVICES_MAX);
    memcpy(logs[log_count++], service->log, sizeof(service->log));
    collect_arguments(options, service, argv);
    service->process = options->passed_socket > 0
                           ? start_passing(options, argv, or_else(options->log_pipe, service->log))
                           : process_start(argv, options->environment, service->log);
    if (options->log_pipe != NULL)
        service->port = raw_port(options->passed_socket);
    WAIT_FOR (LISTEN_SECONDS, service->port > 0 || has_listened(service))
        ;
    if (!options->not_ready)
        WAIT_FOR (READY_SECONDS, is_ready(service))
            ;
    return service;
}

void service_stop(struct service *service)
{
    if (service == NULL)
        return;
    service_begin_stop(service);
    int exit_code = service_finish_stop(service);
    if (exit_code != 0) {
        unclean_exits++; /* cmocka does not count failures in a group's teardown */
        fail_msg("the service exited with %d", exit_code);
    }
}

void service_begin_stop(struct service *service)
{
    if (!has_ended(service))
        (void)kill(service->process, SIGTERM);
}

int service_finish_stop(struct service *service)
{
    if (service->exit_code == PROCESS_RUNNING)
        service->exit_code = process_wait(service->process, STOP_SECONDS);
    int exit_code = service->exit_code;
    if (exit_code == PROCESS_RUNNING)
        process_kill(service->process);
    free(service);
    return exit_code;
}

void service_reload(struct service *service)
{
    assert_int_equal(kill(service->process, SIGHUP), 0);
}

void service_pause(const struct service *service)
{
    assert_int_equal(kill(service->process, SIGSTOP), 0);
    WAIT_FOR (PAUSE_SECONDS, stands_still(service))
        ;
}

void service_continue(const struct service *service)
{
    assert_int_equal(kill(service->process, SIGCONT), 0);
}

void service_kill(struct service *service)
{
    if (!has_ended(service))
        process_kill(service->process);
    free(service);
}

pid_t service_process(const struct service *service)
{
    return service->process;
}

int service_port(const struct service *service)
{
    return service->port;
}

const char *service_socket(const struct service *service)
{
    return service->socket[0] == '\0' ? NULL : service->socket + strlen(socket_prefix);
}

bool service_is_https(const struct service *service)
{
    return service->is_https;
}

const char *service_data_dir(const struct service *service)
{
    return service->data_dir;
}

const char *service_log(const struct service *service)
{
    return service->log;
}

int service_count_events(const struct service *service, const char *event)
{
    int port = 0;

    return for_each_event(service->log, event, &port);
}

void service_expect_events(const struct service *service, const char *event, int count)
{
    WAIT_FOR (EVENT_SECONDS, service_count_events(service, event) >= count)
        ;
    assert_int_equal(service_count_events(service, event), count);
}

int64_t service_status(const struct service *service, const char *file, const char *name)
{
    char path[64];
    int64_t value = -1;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)service->process, file);
    char *text = scratch_read(path);
    assert_non_null(text);
    const char *line = strstr(text, name);
    if (line != NULL)
        value = strtoll(line + strlen(name), NULL, 10);
    free(text);
    return value;
}

int service_run_command(const char *const arguments[], char **output)
{
    const char *argv[ARGUMENTS_MAX] = {binary()};
    char path[SCRATCH_PATH_BYTES];

    for (size_t i = 0; arguments[i] != NULL; i++) {
        ASSERT(i + 2 < ARGUMENTS_MAX);
        argv[i + 1] = arguments[i];
    }
    scratch_file("command-output", "", path);
    int code = process_wait(process_start(argv, NULL, path), STOP_SECONDS);
    assert_int_not_equal(code, PROCESS_RUNNING);
    if (output != NULL)
        *output = scratch_read(path);
    return code;
}

char *service_new_key(char path[static SCRATCH_PATH_BYTES])
{
    char *key = NULL;

    assert_int_equal(service_run_command((const char *const[]){"generate-key", NULL}, &key), 0);
    key[strcspn(key, "\n")] = '\0';
    scratch_file("key", key, path);
    return key;
}

int service_report(int failures)
{
    bool failed = failures > 0 || unclean_exits > 0;

    for (size_t i = 0; i < log_count && failed; i++) {
        char *text = scratch_read(logs[i]);
        (void)fprintf(stderr, "--- log of service %zu ---\n%s", i, text == NULL ? "" : text);
        free(text);
    }
    scratch_remove();
    if (failed) {
        /* Ends without LeakSanitizer: its list of what the failed tests still hold would hide the
         * rest. */
        (void)fflush(NULL);
        _exit(EXIT_FAILURE);
    }
    return EXIT_SUCCESS;
}

static void collect_arguments(const struct service_options *options, const struct service *service,
                              const char *argv[static ARGUMENTS_MAX])
{
    const char *listen = service->socket[0] == '\0' ? "127.0.0.1:0" : service->socket;
    const char *const always[] = {binary(),     "serve",           "--listen",  listen,
                                  "--data-dir", service->data_dir, "--workers", "2"};
    size_t count = ARRAY_COUNT(always);

    memcpy(argv, always, sizeof(always));
    if (options->redis_url != NULL) {
        add_flag(argv, &count, "--engine", "redis");
        add_flag(argv, &count, "--redis-url", options->redis_url);
        add_flag(argv, &count, "--redis-timeout-ms", or_else(options->redis_timeout_ms, "5000"));
    }
    if (options->redis_tls_ca != NULL)
        add_flag(argv, &count, "--redis-tls-ca", options->redis_tls_ca);
    if (options->catalogue_in_file)
        add_flag(argv, &count, "--catalogue", service->catalogue);
    if (options->config != NULL) {
        add_flag(argv, &count, "--config", options->config);
    } else {
        add_flag(argv, &count, "--register-limit", or_else(options->register_limit, "off"));
        add_flag(argv, &count, "--manage-limit", or_else(options->manage_limit, "off"));
    }
    if (getenv("SLUICE_SANDBOX") != NULL)
        add_flag(argv, &count, "--sandbox", getenv("SLUICE_SANDBOX"));
    for (size_t i = 0; options->flags != NULL && options->flags[i] != NULL; i += 2)
        add_flag(argv, &count, options->flags[i], options->flags[i + 1]);
}

static void add_flag(const char *argv[static ARGUMENTS_MAX], size_t *count, const char *name,
                     const char *value)
{
    ASSERT(*count + 3 <= ARGUMENTS_MAX); /* NULL ends them */
    argv[(*count)++] = name;
    argv[(*count)++] = value;
}

static const char *or_else(const char *given, const char *fallback)
{
    return given == NULL ? fallback : given;
}

/* Starts through a shell, because only the process itself knows its id before it runs the
 * binary. */
static pid_t start_passing(const struct service_options *options, const char *const argv[],
                           const char *log)
{
    static const char script[] = "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\"";
    const char *through_shell[ARGUMENTS_MAX + 3] = {"sh", "-c", script};

    memcpy(through_shell + 3, argv, ARGUMENTS_MAX * sizeof(*argv));
    return process_start_passing(through_shell, options->environment, log, options->passed_socket);
}

static bool has_listened(struct service *service)
{
    assert_false(has_ended(service));
    return for_each_event(service->log, "listening", &service->port) > 0;
}

static bool is_ready(struct service *service)
{
    assert_false(has_ended(service));
    struct client *client = client_new(service->port);
    client_use_socket(client, service_socket(service));
    if (service->is_https)
        client_use_https(client);
    bool ready = client_get(client, "/readyz")->status == 200;

    client_free(client);
    return ready;
}

static bool has_ended(struct service *service)
{
    if (service->exit_code == PROCESS_RUNNING)
        service->exit_code = process_poll(service->process);
    return service->exit_code != PROCESS_RUNNING;
}

/* All of its threads: a signal takes its time. */
static bool stands_still(const struct service *service)
{
    siginfo_t info = {0};
    const int failed = waitid(P_PID, (id_t)service->process, &info, WSTOPPED | WNOHANG);

    return failed == 0 && info.si_pid != 0;
}

/* Counts the event's lines. *port becomes the port of the last one that has a port. */
static int for_each_event(const char *log, const char *event, int *port)
{
    char *text = scratch_read(log);
    char *rest = text;
    int count = 0;

    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        json_t *fields = json_loads(line, 0, NULL);
        const char *name = json_string_value(json_object_get(fields, "event"));
        if (name != NULL && strcmp(name, event) == 0) {
            count++;
            *port = (int)json_integer_value(json_object_get(fields, "port"));
        }
        json_decref(fields);
    }
    free(text);
    return count;
}

static const char *binary(void)
{
    const char *path = getenv("SLUICE_BINARY");

    if (path == NULL)
        fail_msg("SLUICE_BINARY names the binary to test: run this by ctest");
    return path;
}
