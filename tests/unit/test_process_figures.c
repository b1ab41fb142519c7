/* SPDX-License-Identifier: MIT */
#include "metrics/process_figures.h"

#include "support/cmocka.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESCRIPTORS 20
#define NOBODY      65534

static struct process_files files;

static int open_files(void **state)
{
    (void)state;
    process_files_open(&files);
    return 0;
}

static int close_files(void **state)
{
    (void)state;
    process_files_close(&files);
    return 0;
}

static void the_kernel_knows_this_process(void **state)
{
    (void)state;
    struct process_figures figures = {0};
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);

    process_figures_refresh(&figures, &files, 1);

    assert_true(figures.cpu_us > 0);
    assert_true(figures.resident_bytes > 100000);
    assert_true(figures.virtual_bytes >= figures.resident_bytes);
    assert_true(figures.open_fds >= 3);
    assert_int_equal(figures.max_fds, limit.rlim_cur);
}

static void descriptors_are_counted(void **state)
{
    (void)state;
    struct process_figures figures = {0};
    int opened[DESCRIPTORS];
    process_figures_refresh(&figures, &files, 1);
    uint64_t before = figures.open_fds;
    for (size_t i = 0; i < DESCRIPTORS; i++)
        opened[i] = dup(STDERR_FILENO);

    process_figures_refresh(&figures, &files, 1 + PROCESS_FIGURES_FRESH_US);

    assert_int_equal(figures.open_fds, before + DESCRIPTORS);
    for (size_t i = 0; i < DESCRIPTORS; i++)
        assert_int_equal(close(opened[i]), 0);
}

static void fresh_figures_are_not_read_again(void **state)
{
    (void)state;
    struct process_figures figures = {0};
    process_figures_refresh(&figures, &files, 1);
    figures.open_fds = 12345;

    process_figures_refresh(&figures, &files, PROCESS_FIGURES_FRESH_US);
    assert_int_equal(figures.open_fds, 12345);

    process_figures_refresh(&figures, &files, 1 + PROCESS_FIGURES_FRESH_US);
    assert_int_not_equal(figures.open_fds, 12345);
}

/* Then its files in /proc belong to root. */
static void a_process_that_nobody_may_look_into_has_figures_too(void **state)
{
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct process_files own;
        struct process_figures figures = {0};

        if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
            _exit(2);
        (void)prctl(PR_SET_DUMPABLE, 0);
        process_files_open(&own);
        process_figures_refresh(&figures, &own, 1);
        _exit(figures.resident_bytes > 0 && figures.open_fds >= 3 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_knows_this_process),
        cmocka_unit_test(descriptors_are_counted),
        cmocka_unit_test(a_process_that_nobody_may_look_into_has_figures_too),
        cmocka_unit_test(fresh_figures_are_not_read_again),
    };

    return cmocka_run_group_tests(tests, open_files, close_files);
}
