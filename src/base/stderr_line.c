/* SPDX-License-Identifier: MIT
 *
 * O_NONBLOCK is a flag of the open file and not of the descriptor, so others would get it, too. So
 * poll() tells whether there is room for a line. A pipe with any room takes one at once, unless
 * others write to it, too. */
#include "stderr_line.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#define FOREVER     (-1)
#define PATIENCE_MS 1000

static struct text write_some(struct text line);
static bool has_room(int wait_ms);

static atomic_bool is_stuck; /* there was no room within PATIENCE_MS */
static atomic_bool is_torn;  /* only a part of a line could be written; it has no end yet */

bool stderr_line_write(struct text line)
{
    if (atomic_exchange(&is_torn, false) && write_some(TEXT("\n")).length > 0) {
        atomic_store(&is_torn, true);
        return false;
    }

    const struct text rest = write_some(line);

    if (rest.length > 0 && rest.length < line.length)
        atomic_store(&is_torn, true);
    return rest.length == 0;
}

bool stderr_line_try(struct text line)
{
    bool stuck = !has_room(atomic_load(&is_stuck) ? 0 : PATIENCE_MS);

    atomic_store(&is_stuck, stuck);
    return !stuck && stderr_line_write(line);
}

/* Returns the part that will never be taken. */
static struct text write_some(struct text line)
{
    while (line.length > 0) {
        ssize_t written = write(STDERR_FILENO, line.at, line.length);

        if (written >= 0) {
            line.at += written;
            line.length -= (size_t)written;
        } else if (errno == EAGAIN) {
            (void)has_room(FOREVER); /* another process has made it non-blocking */
        } else if (errno != EINTR) {
            break;
        }
    }
    return line;
}

/* True also if a write would fail at once. */
static bool has_room(int wait_ms)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    int ready;

    do {
        ready = poll(&out, 1, wait_ms);
    } while (ready < 0 && errno == EINTR);
    return ready != 0;
}
