/* SPDX-License-Identifier: MIT
 *
 * A program that a test runs. It dies with the test, however that ends. Main thread only. */
#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <sys/types.h>

/* Runs argv[0], both outputs going to the file `output`. `environment` (may be NULL) holds
 * NAME=value pairs on top of ours, which is passed on without the variables that Sluice reads. */
pid_t process_start(const char *const argv[], const char *const environment[], const char *output);

/* The same, with `passed` as its descriptor 3. */
pid_t process_start_passing(const char *const argv[], const char *const environment[],
                            const char *output, int passed);

#define PROCESS_RUNNING (-1)

/* The exit code, 128 + the signal's number, or PROCESS_RUNNING. Once it has ended, do not ask
 * again. */
int process_poll(pid_t process);

/* The same, waiting for the end; PROCESS_RUNNING when it takes longer than `seconds`. */
int process_wait(pid_t process, int seconds);

/* What it has open, and the memory of it that is resident, while it runs. The first is told to who
 * is not root only of a service with PROCESS_MAY_BE_SEEN. */
#define PROCESS_MAY_BE_SEEN "SLUICE_CORE_DUMPS=true"
size_t process_open_fds(pid_t process);
size_t process_resident_kb(pid_t process);

/* SIGKILL, and reaps it. */
void process_kill(pid_t process);

#endif
