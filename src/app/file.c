/* SPDX-License-Identifier: MIT
 *
 * All files are read without blocking, because a pipe may have a writer that writes nothing.
 * Waiting for it would delay a reload and all signals. */
#include "file.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES    4096
#define LINE_BYTES_MAX 65536

/* For the path of a secret, because somebody may have put the secret in its place. */
#define UNTOLD "the file that it names"

static int open_to_read(const char *path);
static bool read_whole(int fd, const char *told, size_t bytes_max, struct arena *arena,
                       struct text *content, struct error *error);
static bool is_pipe(int fd);
static void warn_if_open_to_all(int fd, const char *path);
static int read_all(int fd, size_t bytes_max, struct buffer *buffer);
static bool has_more(int fd);

static int64_t waits_until_us; /* of clock_monotonic_us() */

void file_begin(void)
{
    waits_until_us = clock_monotonic_us() + FILE_WAIT_S * SECOND_US;
}

bool file_read(const char *path, size_t bytes_max, struct arena *arena, struct text *content,
               struct error *error)
{
    return read_whole(open_to_read(path), path, bytes_max, arena, content, error);
}

bool file_read_secret(const char *path, size_t bytes_max, struct arena *arena, struct text *content,
                      struct error *error)
{
    const int fd = open_to_read(path);

    if (fd >= 0)
        warn_if_open_to_all(fd, path);
    return read_whole(fd, UNTOLD, bytes_max, arena, content, error);
}

bool file_read_line(const char *path, struct arena *arena, struct text *line, struct error *error)
{
    struct text content;

    if (!file_read_secret(path, LINE_BYTES_MAX, arena, &content, error))
        return false;

    *line = text_cut(&content, '\n');
    if (line->length > 0 && line->at[line->length - 1] == '\r')
        line->length--;
    if (memchr(line->at, '\0', line->length) != NULL)
        return error_set(error, "cannot read " UNTOLD ": its first line holds a NUL");
    *line = text_copy(arena, text_trim(*line));
    return true;
}

/* A new file description, so that O_NONBLOCK changes nobody else's. */
static int open_to_read(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static bool read_whole(int fd, const char *told, size_t bytes_max, struct arena *arena,
                       struct text *content, struct error *error)
{
    struct buffer buffer;

    if (fd < 0)
        return error_set(error, "cannot read %s: %s", told, strerror(errno));

    buffer_init(&buffer, arena, CHUNK_BYTES);
    int failure = read_all(fd, bytes_max, &buffer);
    const bool is_spent = buffer.length == 0 && is_pipe(fd);
    (void)close(fd);

    if (failure == EFBIG)
        return error_set(error, "cannot read %s: longer than %zu bytes", told, bytes_max);
    if (failure == EAGAIN)
        return error_set(error, "cannot read %s: took longer than %d s", told, FILE_WAIT_S);
    if (failure != 0)
        return error_set(error, "cannot read %s: %s", told, strerror(failure));
    /* A pipe such as `--config <(...)` is empty when it is read again. That does not mean that
     * there are no settings. */
    if (is_spent)
        return error_set(error, "cannot read %s: a pipe that holds nothing", told);
    *content = (struct text){buffer_string(&buffer), buffer.length};
    return true;
}

static bool is_pipe(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

/* The group may read it, because a key usually belongs to root and the service's group. */
static void warn_if_open_to_all(int fd, const char *path)
{
    struct stat status;
    char mode[8];

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & S_IRWXO) == 0)
        return;
    snprintf(mode, sizeof(mode), "%04o", (unsigned)(status.st_mode & ACCESSPERMS));
    log_write(LOG_WARN, "file with a secret is open to all", LOG_STRING("file", path),
              LOG_STRING("mode", mode));
}

/* Returns an errno, 0 when all has been read. */
static int read_all(int fd, size_t bytes_max, struct buffer *buffer)
{
    char chunk[CHUNK_BYTES];
    ssize_t length;

    while ((length = read(fd, chunk, sizeof(chunk))) != 0) {
        if (length < 0 && !has_more(fd))
            return errno;
        if (length < 0)
            continue;
        if ((size_t)length > bytes_max - buffer->length)
            return EFBIG;
        buffer_add(buffer, (struct text){chunk, (size_t)length});
    }
    return 0;
}

/* After a read that failed: whether to read again. Keeps errno if the failure is final. */
static bool has_more(int fd)
{
    struct pollfd in = {.fd = fd, .events = POLLIN};

    if (errno == EINTR)
        return true;
    if (errno != EAGAIN)
        return false;
    (void)poll(&in, 1, duration_poll_ms(waits_until_us - clock_monotonic_us()));
    errno = EAGAIN;
    return in.revents != 0;
}
