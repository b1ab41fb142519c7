/* SPDX-License-Identifier: MIT
 *
 * What is blocking for us may be so for others: O_NONBLOCK is a flag of the open file, not of the
 * descriptor. So poll() tells whether there is room for a line: a pipe that has any takes one at
 * once, unless others write to it, too. */
#include "stderr_line.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#define FOREVER     (-1)
#define PATIENCE_MS 1000

static bool has_room(int wait_ms);

static atomic_bool is_stuck; /* there was no room within PATIENCE_MS */

bool stderr_line_write(struct text line)
{
    while (line.length > 0) {
        ssize_t written = write(STDERR_FILENO, line.at, line.length);

        if (written >= 0) {
            line.at += written;
            line.length -= (size_t)written;
        } else if (errno == EAGAIN) {
            (void)has_room(FOREVER); /* another has made it non-blocking */
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

bool stderr_line_try(struct text line)
{
    bool stuck = !has_room(atomic_load(&is_stuck) ? 0 : PATIENCE_MS);

    atomic_store(&is_stuck, stuck);
    return !stuck && stderr_line_write(line);
}

/* Also when a write would fail at once. */
static bool has_room(int wait_ms)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    int ready;

    do {
        ready = poll(&out, 1, wait_ms);
    } while (ready < 0 && errno == EINTR);
    return ready != 0;
}
