/* SPDX-License-Identifier: MIT */
#include "support/process.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_CANNOT_RUN 127
#define PASSED_FD       3 /* sd_listen_fds(3) */
#define PASSES_NONE     (-1)
#define PROC_PATH_BYTES 64

static char **environment_with(const char *const added[]);
static bool is_read_by_sluice(const char *variable);
NO_RETURN static void become(const char *const argv[], char *const environment[],
                             const char *output, int passed);
static bool pass(int fd);
static int exit_code(int status);

pid_t process_start(const char *const argv[], const char *const environment[], const char *output)
{
    return process_start_passing(argv, environment, output, PASSES_NONE);
}

pid_t process_start_passing(const char *const argv[], const char *const environment[],
                            const char *output, int passed)
{
    char **merged = environment_with(environment);
    pid_t process = fork();

    ASSERT(process >= 0);
    if (process == 0)
        become(argv, merged, output, passed);
    free(merged);
    return process;
}

int process_poll(pid_t process)
{
    int status = 0;
    pid_t ended = waitpid(process, &status, WNOHANG);

    ASSERT(ended == 0 || ended == process);
    return ended == 0 ? PROCESS_RUNNING : exit_code(status);
}

int process_wait(pid_t process, int seconds)
{
    const struct timespec rest = {.tv_nsec = 2000000};
    int64_t deadline_us = clock_monotonic_us() + seconds * SECOND_US;
    int code = process_poll(process);

    while (code == PROCESS_RUNNING && clock_monotonic_us() < deadline_us) {
        (void)nanosleep(&rest, NULL);
        code = process_poll(process);
    }
    return code;
}

pid_t process_wait_all_but_one(const pid_t processes[], size_t count, int code, int seconds)
{
    const struct timespec rest = {.tv_nsec = 2000000};
    bool is_right = true;
    const int64_t deadline_us = clock_monotonic_us() + seconds * SECOND_US;
    pid_t *left = memory_new(count, sizeof(*left));
    pid_t last;

    memcpy(left, processes, count * sizeof(*left));
    while (count > 1 && clock_monotonic_us() < deadline_us) {
        for (size_t i = 0; i < count;) {
            const int ended_with = process_poll(left[i]);
            is_right &= ended_with == PROCESS_RUNNING || ended_with == code;
            if (ended_with == PROCESS_RUNNING)
                i++;
            else
                left[i] = left[--count];
        }
        (void)nanosleep(&rest, NULL);
    }
    last = count == 1 && is_right ? left[0] : 0;
    free(left);
    return last;
}

size_t process_open_fds(pid_t process)
{
    char path[PROC_PATH_BYTES];
    size_t count = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)process);
    DIR *directory = opendir(path);
    ASSERT(directory != NULL);
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        count += entry->d_name[0] != '.';
    (void)closedir(directory);
    return count;
}

size_t process_resident_kb(pid_t process)
{
    char path[PROC_PATH_BYTES];
    size_t pages = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)process);
    FILE *file = fopen(path, "re");
    ASSERT(file != NULL && fscanf(file, "%*u %zu", &pages) == 1);
    (void)fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

void process_kill(pid_t process)
{
    ASSERT(process > 0); /* 0 is the caller's whole group */
    ASSERT(kill(process, SIGKILL) == 0);
    ASSERT(waitpid(process, NULL, 0) == process);
}

/* Built before fork(), because other threads of the test may be running. After fork() only the
 * calls of signal-safety(7) are allowed. */
static char **environment_with(const char *const added[])
{
    size_t own = 0;
    size_t more = 0;
    size_t kept = 0;

    while (environ[own] != NULL)
        own++;
    while (added != NULL && added[more] != NULL)
        more++;
    char **merged = memory_new(own + more + 1, sizeof(*merged));
    for (size_t i = 0; i < own; i++) {
        if (!is_read_by_sluice(environ[i]))
            merged[kept++] = environ[i];
    }
    for (size_t i = 0; i < more; i++)
        memcpy(&merged[kept++], &added[i], sizeof(*merged)); /* execve() does not write to them */
    return merged;
}

static bool is_read_by_sluice(const char *variable)
{
    return strncmp(variable, "SLUICE_", strlen("SLUICE_")) == 0 ||
           strncmp(variable, "REDIS_", strlen("REDIS_")) == 0;
}

NO_RETURN static void become(const char *const argv[], char *const environment[],
                             const char *output, int passed)
{
    char *const *arguments = NULL;
    int file = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    memcpy(&arguments, &argv, sizeof(arguments)); /* execve() does not write to them */
    if (file >= 0 && dup2(file, STDOUT_FILENO) >= 0 && dup2(file, STDERR_FILENO) >= 0 &&
        prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && (passed == PASSES_NONE || pass(passed)))
        (void)execvpe(argv[0], arguments, environment);
    _exit(EXIT_CANNOT_RUN);
}

/* dup2() to the same number would leave close-on-exec set. */
static bool pass(int fd)
{
    return fd == PASSED_FD ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, PASSED_FD) == PASSED_FD;
}

static int exit_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
