/* SPDX-License-Identifier: MIT
 *
 * To be preloaded into a redis-server or a service. The first eight bytes of the file MOVED_CLOCK
 * are a number of microseconds. The program's wall clock stands still at that time, and a test that
 * has mapped the file moves it. At 0 the wall clock shows the real time, and below 0 it is ahead of
 * that by so much. The monotonic clock, by which programs wait, goes on.
 *
 * Built without the flags of the tests, because a redis-server has no sanitizer. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static _Atomic(int64_t) *moved_us;

__attribute__((constructor)) static void find_file(void)
{
    const char *path = getenv("MOVED_CLOCK");
    const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        _exit(127);
    void *mapped = mmap(NULL, sizeof(*moved_us), PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED)
        _exit(127);
    moved_us = mapped;
    (void)close(file);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    const int64_t now_us = moved_us == NULL ? 0 : atomic_load(moved_us);

    if (now_us <= 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) {
        const int failed = (int)syscall(SYS_clock_gettime, clock, time);

        if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
            time->tv_sec += -now_us / 1000000;
        return failed;
    }
    *time = (struct timespec){now_us / 1000000, now_us % 1000000 * 1000};
    return 0;
}

int gettimeofday(struct timeval *time, void *zone)
{
    struct timespec now;

    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *seconds)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (seconds != NULL)
        *seconds = now.tv_sec;
    return now.tv_sec;
}
