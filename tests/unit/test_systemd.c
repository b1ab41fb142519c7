/* SPDX-License-Identifier: MIT
 *
 * Sluice under a supervisor: what it is passed, what it reports, and to whom it reports nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../src/app/systemd.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PASSED_FD 3

static char directory[] = "/tmp/sluice-systemd-XXXXXX";

/* `name` starts with '/', or with '@' in the abstract namespace. */
static int supervisor_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    return fd;
}

static void assert_told(const char *name)
{
    char state[64] = "";
    int fd = supervisor_at(name);

    systemd_notify("READY=1\nSTATUS=%d workers.", 2);

    assert_true(recv(fd, state, sizeof(state) - 1, 0) > 0);
    assert_string_equal(state, "READY=1\nSTATUS=2 workers.");
    assert_int_equal(close(fd), 0);
}

static void a_supervisor_is_told_at_a_path_or_an_abstract_name(void **state)
{
    char path[64];
    char name[64];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/notify", directory);
    (void)snprintf(name, sizeof(name), "@sluice-test-%d", getpid());

    assert_told(path);
    assert_told(name);
    assert_int_equal(unlink(path), 0);
}

static void without_a_supervisor_nothing_is_said(void **state)
{
    static const char *const nowhere[] = {"", "relative", "/", "@", "/tmp/sluice-nobody-listens"};

    (void)state;
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    systemd_notify("READY=1");
    for (size_t i = 0; i < ARRAY_COUNT(nowhere); i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", nowhere[i], 1), 0);
        systemd_notify("READY=1");
    }
}

static void set_for(const char *variable, pid_t process)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%d", process);
    assert_int_equal(setenv(variable, text, 1), 0);
}

static void the_watchdog_is_for_the_process_it_names(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
    assert_int_equal(unsetenv("WATCHDOG_PID"), 0);
    assert_int_equal(systemd_watchdog_us(), 0);

    assert_int_equal(setenv("WATCHDOG_USEC", "2000000", 1), 0);
    assert_int_equal(systemd_watchdog_us(), 2000000);
    set_for("WATCHDOG_PID", getpid());
    assert_int_equal(systemd_watchdog_us(), 2000000);
    set_for("WATCHDOG_PID", getppid());
    assert_int_equal(systemd_watchdog_us(), 0);

    assert_int_equal(unsetenv("WATCHDOG_PID"), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "-1", 1), 0);
    assert_int_equal(systemd_watchdog_us(), 0);
}

/* Makes `fd` descriptor 3. pass_back() undoes it. */
static int pass(int fd)
{
    int saved = fcntl(PASSED_FD, F_DUPFD_CLOEXEC, 10);

    assert_int_equal(dup2(fd, PASSED_FD), PASSED_FD);
    assert_int_equal(close(fd), 0);
    return saved;
}

static void pass_back(int saved)
{
    assert_int_equal(close(PASSED_FD), 0);
    if (saved < 0)
        return;
    assert_int_equal(dup2(saved, PASSED_FD), PASSED_FD);
    assert_int_equal(close(saved), 0);
}

static void assert_found(int wanted, const char *message)
{
    struct error error = {0};
    int fd = 0;

    assert_int_equal(systemd_find_listener(&fd, &error), message == NULL);
    assert_int_equal(fd, wanted);
    if (message != NULL)
        assert_non_null(strstr(error.message, message));
}

static void a_listening_socket_is_taken_by_the_process_it_is_for(void **state)
{
    int saved;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(listen(fd, 1), 0);
    saved = pass(fd);

    assert_found(-1, NULL);
    assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
    assert_found(-1, NULL);
    set_for("LISTEN_PID", getppid());
    assert_found(-1, NULL);
    set_for("LISTEN_PID", getpid());
    assert_found(PASSED_FD, NULL);

    assert_true((fcntl(PASSED_FD, F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(fcntl(PASSED_FD, F_GETFD), FD_CLOEXEC);
    pass_back(saved);
}

static void a_listening_unix_socket_is_taken(void **state)
{
    const struct sockaddr address = {.sa_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(bind(fd, &address, sizeof(address.sa_family)), 0); /* the kernel names it */
    assert_int_equal(listen(fd, 1), 0);
    int saved = pass(fd);
    assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
    set_for("LISTEN_PID", getpid());

    assert_found(PASSED_FD, NULL);
    pass_back(saved);
}

static void what_does_not_listen_for_streams_is_refused(void **state)
{
    (void)state;
    set_for("LISTEN_PID", getpid());
    assert_int_equal(setenv("LISTEN_FDS", "2", 1), 0);
    assert_found(-1, "one socket can be served, not 2");

    assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
    int saved = pass(open("/dev/null", O_RDONLY | O_CLOEXEC));
    assert_found(-1, "does not listen for streams");
    pass_back(saved);
    saved = pass(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    assert_found(-1, "does not listen for streams");
    pass_back(saved);
    saved = pass(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    assert_found(-1, "does not listen for streams");
    pass_back(saved);
}

static int open_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_supervisor_is_told_at_a_path_or_an_abstract_name),
        cmocka_unit_test(without_a_supervisor_nothing_is_said),
        cmocka_unit_test(the_watchdog_is_for_the_process_it_names),
        cmocka_unit_test(a_listening_socket_is_taken_by_the_process_it_is_for),
        cmocka_unit_test(a_listening_unix_socket_is_taken),
        cmocka_unit_test(what_does_not_listen_for_streams_is_refused),
    };

    return cmocka_run_group_tests(tests, open_directory, remove_directory);
}
