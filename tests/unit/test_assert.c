/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Breaks an assertion in a child process, with `stderr_fd` as its standard error; `with_log`: while
 * the log's thread runs. */
static pid_t break_assertion(int stderr_fd, bool with_log)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    dup2(stderr_fd, STDERR_FILENO);
    signal(SIGABRT, SIG_DFL);
    if (with_log) {
        log_start();
        log_write(LOG_INFO, "cause", LOG_NONE);
    }
    ASSERT(child == 7);
    _exit(0);
}

static void a_broken_invariant_is_logged_and_aborts(void **state)
{
    (void)state;
    int ends[2];
    char line[1025] = "";
    int status = 0;
    assert_int_equal(pipe(ends), 0);

    pid_t child = break_assertion(ends[1], false);
    assert_int_equal(waitpid(child, &status, 0), child);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
    json_t *fields = json_loads(line, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(fields, "event")), "assertion failed");
    assert_string_equal(json_string_value(json_object_get(fields, "condition")), "child == 7");
    assert_string_equal(json_string_value(json_object_get(fields, "function")), "break_assertion");
    json_decref(fields);
    close(ends[0]);
    close(ends[1]);
}

static void what_was_logged_before_a_broken_invariant_is_not_lost(void **state)
{
    (void)state;
    int ends[2];
    char text[4096] = "";
    int status = 0;
    assert_int_equal(pipe(ends), 0);

    pid_t child = break_assertion(ends[1], true);
    assert_int_equal(waitpid(child, &status, 0), child);

    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    const char *cause = strstr(text, "\"event\":\"cause\"");
    const char *failure = strstr(text, "\"event\":\"assertion failed\"");
    assert_non_null(cause);
    assert_non_null(failure);
    assert_true(cause < failure);
    close(ends[0]);
    close(ends[1]);
}

static void a_broken_invariant_aborts_though_nobody_reads_the_log(void **state)
{
    (void)state;
    char page[4096] = "";
    int ends[2];
    int status = 0;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], page, sizeof(page)) > 0)
        continue;
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);

    pid_t child = break_assertion(ends[1], true);
    assert_int_equal(waitpid(child, &status, 0), child);

    assert_int_equal(WTERMSIG(status), SIGABRT);
    close(ends[0]);
    close(ends[1]);
}

static void a_kept_invariant_has_no_effect(void **state)
{
    (void)state;
    int count = 0;

    ASSERT(++count == 1);

    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_invariant_is_logged_and_aborts),
        cmocka_unit_test(what_was_logged_before_a_broken_invariant_is_not_lost),
        cmocka_unit_test(a_broken_invariant_aborts_though_nobody_reads_the_log),
        cmocka_unit_test(a_kept_invariant_has_no_effect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
