/* SPDX-License-Identifier: MIT */
#include "metrics/process_figures.h"

#include "support/cmocka.h"

#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS 20

static void the_kernel_knows_this_process(void **state)
{
    (void)state;
    struct process_figures figures = {0};
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);

    process_figures_refresh(&figures, 1);

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
    process_figures_refresh(&figures, 1);
    uint64_t before = figures.open_fds;
    for (size_t i = 0; i < DESCRIPTORS; i++)
        opened[i] = dup(STDERR_FILENO);

    process_figures_refresh(&figures, 1 + PROCESS_FIGURES_FRESH_US);

    assert_int_equal(figures.open_fds, before + DESCRIPTORS);
    for (size_t i = 0; i < DESCRIPTORS; i++)
        assert_int_equal(close(opened[i]), 0);
}

static void fresh_figures_are_not_read_again(void **state)
{
    (void)state;
    struct process_figures figures = {0};
    process_figures_refresh(&figures, 1);
    figures.open_fds = 12345;

    process_figures_refresh(&figures, PROCESS_FIGURES_FRESH_US);
    assert_int_equal(figures.open_fds, 12345);

    process_figures_refresh(&figures, 1 + PROCESS_FIGURES_FRESH_US);
    assert_int_not_equal(figures.open_fds, 12345);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_knows_this_process),
        cmocka_unit_test(descriptors_are_counted),
        cmocka_unit_test(fresh_figures_are_not_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
