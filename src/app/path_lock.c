/* SPDX-License-Identifier: MIT
 *
 * The holder removes the file. So who gets a lock looks whether it is on the file that is there
 * now. */
#include "path_lock.h"

#include "base/clock.h"
#include "base/duration.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_US (2 * SECOND_US)

static const struct timespec rest = {.tv_nsec = 2000000};

static bool open_lock(struct path_lock *lock, struct error *error);
static bool is_there(const struct path_lock *lock);

bool path_lock_take(struct path_lock *lock, const char *path, struct error *error)
{
    const int64_t deadline_us = clock_monotonic_us() + WAIT_US;

    (void)snprintf(lock->path, sizeof(lock->path), "%s.lock", path);
    while (clock_monotonic_us() < deadline_us) {
        if (!open_lock(lock, error))
            return false;
        if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0 && is_there(lock))
            return true;
        (void)close(lock->fd);
        (void)nanosleep(&rest, NULL);
    }
    return error_set(error, "another process holds %s", lock->path);
}

void path_lock_release(struct path_lock *lock)
{
    (void)unlink(lock->path);
    (void)close(lock->fd);
}

/* A file with content is not a lock, and would be removed. */
static bool open_lock(struct path_lock *lock, struct error *error)
{
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    const char *name = strrchr(lock->path, '/');
    struct stat status;

    lock->fd = open(lock->path, flags, S_IRUSR | S_IWUSR);
    if (lock->fd < 0) {
        const int directory_bytes = name == NULL ? 0 : (int)(name - lock->path);
        return error_set(error, "cannot make a file in %.*s/: %s", directory_bytes, lock->path,
                         strerror(errno));
    }
    if (fstat(lock->fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0)
        return true;
    (void)close(lock->fd);
    return error_set(error, "%s is there, and is not a lock", lock->path);
}

static bool is_there(const struct path_lock *lock)
{
    struct stat locked;
    struct stat there;

    return fstat(lock->fd, &locked) == 0 && lstat(lock->path, &there) == 0 &&
           locked.st_dev == there.st_dev && locked.st_ino == there.st_ino;
}
