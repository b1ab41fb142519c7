/* SPDX-License-Identifier: MIT
 *
 * A directory of zones whose list is a pipe that nobody writes to. */
#include "zones.h"

#include "support/cmocka.h"
#include "support/scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#define SECONDS_MAX 20

static int begin(void **state)
{
    (void)state;
    char directory[SCRATCH_PATH_BYTES];
    char path[SCRATCH_PATH_BYTES + 16];

    scratch_directory("zones", directory);
    (void)snprintf(path, sizeof(path), "%s/tzdata.zi", directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    return setenv("TZDIR", directory, 1);
}

static int end(void **state)
{
    (void)state;
    scratch_remove();
    return 0;
}

static void a_list_that_is_a_pipe_is_no_list(void **state)
{
    (void)state;
    (void)alarm(SECONDS_MAX);

    assert_null(zones_find(TEXT("Europe/Berlin")));
    assert_non_null(zones_find(TEXT("UTC")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_that_is_a_pipe_is_no_list),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
