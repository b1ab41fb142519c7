/* SPDX-License-Identifier: MIT
 *
 * Of several processes that begin to listen at a path, one goes on at a time. Private to this
 * layer. Main thread.
 *
 * The lock is on a file beside the path, because whoever may read a directory can lock the
 * directory itself. The file is there only while somebody holds or awaits the lock. */
#ifndef APP_PATH_LOCK_H
#define APP_PATH_LOCK_H

#include "base/error.h"

#define PATH_LOCK_BYTES 128

struct path_lock {
    int fd;
    char path[PATH_LOCK_BYTES];
};

/* Waits for at most two seconds. False: `error` says why. */
MUST_USE bool path_lock_take(struct path_lock *lock, const char *path, struct error *error);

void path_lock_release(struct path_lock *lock);

#endif
