/* SPDX-License-Identifier: MIT
 *
 * A program that a test runs. It dies when the test ends, in whatever way. Main thread only. */
#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <sys/types.h>

/* Runs argv[0]. Both outputs go to the file `output`. The program gets our environment without the
 * variables that Sluice reads, and the NAME=value pairs of `environment`, which may be NULL. */
pid_t process_start(const char *const argv[], const char *const environment[], const char *output);

/* The same; its descriptor 3 is `passed`. */
pid_t process_start_passing(const char *const argv[], const char *const environment[],
                            const char *output, int passed);

#define PROCESS_RUNNING (-1)

/* The exit code, 128 + the signal's number, or PROCESS_RUNNING. Do not call it again once the
 * process has ended. */
int process_poll(pid_t process);

/* Waits for the end, and returns the same; PROCESS_RUNNING when it takes longer than `seconds`. */
int process_wait(pid_t process, int seconds);

/* Waits until all but one have ended with this exit code. Returns the one that runs, or 0 when it
 * takes longer than `seconds` or one has ended otherwise. */
pid_t process_wait_all_but_one(const pid_t processes[], size_t count, int code, int seconds);

/* How many descriptors a running process has open, and how much resident memory it has. If we are
 * not root, a service shows its descriptors only with PROCESS_MAY_BE_SEEN. */
#define PROCESS_MAY_BE_SEEN "SLUICE_CORE_DUMPS=true"
size_t process_open_fds(pid_t process);
size_t process_resident_kb(pid_t process);

/* Sends SIGKILL and reaps it. */
void process_kill(pid_t process);

#endif
