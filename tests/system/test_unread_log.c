/* SPDX-License-Identifier: MIT
 *
 * Standard error is a full pipe that nothing reads, like that of a supervisor that hangs. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/process.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include "scrape.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_SECONDS 20
#define PIPE_BYTES   8192
#define CHECKS       500
#define FLOOD        5000

struct unread {
    char path[SCRATCH_PATH_BYTES];
    int pipe; /* both ends */
    int socket;
    struct service *service;
    struct client *tenant;
};

/* At the level debug, each request that is not HTTP writes a line. */
static void unread_begin(struct unread *unread, const struct world *world)
{
    static const char *const flags[] = {"--log-level", "debug", "--drain-timeout-s", "60", NULL};
    static const char spaces[PIPE_BYTES];
    struct service_options options = world_options(world);

    scratch_file("log-pipe", "", unread->path); /* only for its name */
    assert_int_equal(unlink(unread->path), 0);
    assert_int_equal(mkfifo(unread->path, 0600), 0);
    unread->pipe = open(unread->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(fcntl(unread->pipe, F_SETPIPE_SZ, PIPE_BYTES), PIPE_BYTES);
    assert_int_equal(write(unread->pipe, spaces, PIPE_BYTES), PIPE_BYTES);

    unread->socket = raw_listen();
    options.flags = flags;
    options.passed_socket = unread->socket;
    options.log_pipe = unread->path;
    unread->service = service_start(&options);
    unread->tenant = tenant_new(unread->service);
    tenant_policy(unread->tenant, "{'route_key':'/a','limit':1000000,'window_seconds':31536000}");
}

/* To be called after the end of the service. */
static void unread_end(struct unread *unread)
{
    client_free(unread->tenant);
    (void)close(unread->socket);
    (void)close(unread->pipe);
}

static double lines_dropped(struct client *client)
{
    return scrape_figure(client, "sluice_log_lines_dropped_total", "");
}

/* Logs until more lines wait than may. */
static void flood(const struct unread *unread)
{
    static const char request[] = "GET / HTTP/1.1\r\n: x\r\n\r\n";
    const double before = lines_dropped(unread->tenant); /* from its start; read before the flood */
    struct raw_reply reply;

    for (int i = 0; i < FLOOD; i++) {
        raw_exchange(service_port(unread->service), request, strlen(request), WAIT_SECONDS, &reply);
        if (i % 100 == 0 && lines_dropped(unread->tenant) > before)
            return;
    }
    fail_msg("%d lines were not enough", FLOOD);
}

/* Reads the pipe until it has a line of this event. */
static void read_until(const struct unread *unread, const char *event)
{
    struct pollfd readable = {.fd = unread->pipe, .events = POLLIN};
    char text[2 * PIPE_BYTES] = "";
    size_t kept = 0;

    while (memmem(text, kept, event, strlen(event)) == NULL) {
        size_t overlap = kept < PIPE_BYTES ? kept : PIPE_BYTES;
        memmove(text, text + kept - overlap, overlap);
        assert_int_equal(poll(&readable, 1, WAIT_SECONDS * 1000), 1);
        ssize_t count = read(unread->pipe, text + overlap, PIPE_BYTES);
        assert_true(count > 0);
        kept = overlap + (size_t)count;
    }
}

static void checks_go_on_and_what_is_missing_is_told_when_somebody_reads(void **state)
{
    struct unread unread;
    unread_begin(&unread, *state);

    flood(&unread);
    for (int i = 0; i < CHECKS; i++)
        EXPECT(client_check(unread.tenant, "alice", "/a"), 200, NULL);

    read_until(&unread, "\"event\":\"log lines were dropped\""); /* before the thread ran */
    read_until(&unread, "\"event\":\"log lines were dropped\"");
    service_begin_stop(unread.service);
    read_until(&unread, "\"event\":\"stopped\"");
    assert_int_equal(service_finish_stop(unread.service), 0);
    unread_end(&unread);
}

static void the_end_does_not_wait_for_a_reader(void **state)
{
    struct unread unread;
    unread_begin(&unread, *state);
    flood(&unread);

    service_begin_stop(unread.service);

    assert_int_equal(service_finish_stop(unread.service), 0);
    unread_end(&unread);
}

/* A request that never ends keeps the first stop waiting. */
static void a_second_signal_ends_it_at_once(void **state)
{
    struct unread unread;
    unread_begin(&unread, *state);
    flood(&unread);
    int fd = raw_begin_check(service_port(unread.service), client_key(unread.tenant), 100);

    service_begin_stop(unread.service);
    WAIT_FOR (WAIT_SECONDS, client_get(unread.tenant, "/readyz")->status != 200)
        ;
    service_begin_stop(unread.service);

    assert_int_equal(service_finish_stop(unread.service), 128 + SIGTERM);
    (void)close(fd);
    unread_end(&unread);
}

/* Each write to the log fails. */
static void a_reader_who_is_gone_ends_nothing(void **state)
{
    struct unread unread;
    unread_begin(&unread, *state);

    (void)close(unread.pipe);
    unread.pipe = -1;
    flood(&unread);

    for (int i = 0; i < CHECKS; i++)
        EXPECT(client_check(unread.tenant, "alice", "/a"), 200, NULL);
    service_stop(unread.service);
    unread_end(&unread);
}

/* Otherwise the first sockets would get their numbers, and the log's text. */
static void standard_streams_that_are_closed_are_not_given_to_sockets(void **state)
{
    static const char script[] = "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\" <&- >&- 2>&-";
    static const char *const environment[] = {PROCESS_MAY_BE_SEEN, NULL};
    char data[SCRATCH_PATH_BYTES];
    char output[SCRATCH_PATH_BYTES];
    const char *const argv[] = {"sh",    "-c",         script, getenv("SLUICE_BINARY"),
                                "serve", "--data-dir", data,   NULL};
    (void)state;
    assert_non_null(argv[3]);
    scratch_directory("data", data);
    scratch_file("output", "", output);
    int socket = raw_listen();
    pid_t process = process_start_passing(argv, environment, output, socket);
    struct client *client = client_new(raw_port(socket));
    WAIT_FOR (WAIT_SECONDS, client_get(client, "/readyz")->status == 200)
        ;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        char link[64];
        char target[64] = "";
        (void)snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)process, fd);
        assert_true(readlink(link, target, sizeof target - 1) > 0);
        assert_string_equal(target, "/dev/null");
    }

    assert_int_equal(kill(process, SIGTERM), 0);
    assert_int_equal(process_wait(process, WAIT_SECONDS), 0);
    client_free(client);
    (void)close(socket);
}

static void a_complaint_that_nobody_reads_does_not_keep_it_from_ending(void **state)
{
    static const char spaces[PIPE_BYTES];
    const char *const argv[] = {getenv("SLUICE_BINARY"), "serve", "--no-such-option", NULL};
    char path[SCRATCH_PATH_BYTES];
    (void)state;
    assert_non_null(argv[0]);
    scratch_file("log-pipe", "", path); /* only for its name */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    int pipe = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES), PIPE_BYTES);
    assert_int_equal(write(pipe, spaces, PIPE_BYTES), PIPE_BYTES);

    pid_t process = process_start(argv, NULL, path);

    int exit_code = process_wait(process, WAIT_SECONDS);
    if (exit_code == PROCESS_RUNNING)
        process_kill(process);
    assert_int_equal(exit_code, 2);
    (void)close(pipe);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_go_on_and_what_is_missing_is_told_when_somebody_reads),
        cmocka_unit_test(the_end_does_not_wait_for_a_reader),
        cmocka_unit_test(a_second_signal_ends_it_at_once),
        cmocka_unit_test(a_reader_who_is_gone_ends_nothing),
        cmocka_unit_test(a_complaint_that_nobody_reads_does_not_keep_it_from_ending),
        cmocka_unit_test(standard_streams_that_are_closed_are_not_given_to_sockets),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
