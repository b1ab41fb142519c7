/* SPDX-License-Identifier: MIT */
#include "rivals.h"

#include "support/cmocka.h"
#include "support/process.h"
#include "support/scratch.h"

#define EXIT_UNAVAILABLE 69
#define AT_ONCE          6
#define WAIT_SECONDS     30

pid_t rivals_start(const char *listen)
{
    char directory[SCRATCH_PATH_BYTES];
    char log[SCRATCH_PATH_BYTES];
    pid_t processes[AT_ONCE];

    for (size_t i = 0; i < AT_ONCE; i++) {
        scratch_directory("data", directory);
        scratch_file("log", "", log);
        processes[i] = process_start((const char *const[]){getenv("SLUICE_BINARY"), "serve",
                                                           "--listen", listen, "--data-dir",
                                                           directory, "--workers", "2", NULL},
                                     NULL, log);
    }

    const pid_t left = process_wait_all_but_one(processes, AT_ONCE, EXIT_UNAVAILABLE, WAIT_SECONDS);
    assert_int_not_equal(left, 0);
    return left;
}
