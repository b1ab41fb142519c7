/* SPDX-License-Identifier: MIT */
#include "file.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES    4096
#define LINE_BYTES_MAX 65536

static FILE *open_to_read(const char *path);
static bool read_whole(FILE *stream, const char *path, size_t bytes_max, struct arena *arena,
                       struct text *content, struct error *error);
static bool is_pipe(FILE *stream);
static void warn_if_open_to_all(FILE *stream, const char *path);
static int stream_read(FILE *stream, size_t bytes_max, struct buffer *buffer);

bool file_read(const char *path, size_t bytes_max, struct arena *arena, struct text *content,
               struct error *error)
{
    return read_whole(open_to_read(path), path, bytes_max, arena, content, error);
}

bool file_read_secret(const char *path, size_t bytes_max, struct arena *arena, struct text *content,
                      struct error *error)
{
    FILE *stream = open_to_read(path);

    if (stream != NULL)
        warn_if_open_to_all(stream, path);
    return read_whole(stream, path, bytes_max, arena, content, error);
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
        return error_set(error, "cannot read %s: its first line holds a NUL", path);
    *line = text_copy(arena, text_trim(*line));
    return true;
}

/* To wait for who writes to a pipe, as open() does, would hold up a reload, and all signals with it. */
static FILE *open_to_read(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *stream = NULL;

    if (fd < 0)
        return NULL;
    if (fcntl(fd, F_SETFL, O_RDONLY) == 0)
        stream = fdopen(fd, "r");
    if (stream == NULL)
        (void)close(fd);
    return stream;
}

static bool read_whole(FILE *stream, const char *path, size_t bytes_max, struct arena *arena,
                       struct text *content, struct error *error)
{
    struct buffer buffer;

    if (stream == NULL)
        return error_set(error, "cannot read %s: %s", path, strerror(errno));

    buffer_init(&buffer, arena, CHUNK_BYTES);
    int failure = stream_read(stream, bytes_max, &buffer);
    const bool is_spent = buffer.length == 0 && is_pipe(stream);
    fclose(stream);

    if (failure == EFBIG)
        return error_set(error, "cannot read %s: longer than %zu bytes", path, bytes_max);
    if (failure != 0)
        return error_set(error, "cannot read %s: %s", path, strerror(failure));
    /* Like the one of `--config <(...)` when it is read again: no settings are not meant by that. */
    if (is_spent)
        return error_set(error, "cannot read %s: a pipe that holds nothing", path);
    *content = (struct text){buffer_string(&buffer), buffer.length};
    return true;
}

static bool is_pipe(FILE *stream)
{
    struct stat status;

    return fstat(fileno(stream), &status) == 0 && S_ISFIFO(status.st_mode);
}

/* The group may: a key that belongs to root and the service's group is the usual way. */
static void warn_if_open_to_all(FILE *stream, const char *path)
{
    struct stat status;
    char mode[8];

    if (fstat(fileno(stream), &status) != 0 || !S_ISREG(status.st_mode) ||
        (status.st_mode & S_IRWXO) == 0)
        return;
    snprintf(mode, sizeof(mode), "%04o", (unsigned)(status.st_mode & ACCESSPERMS));
    log_write(LOG_WARN, "file with a secret is open to all", LOG_STRING("file", path),
              LOG_STRING("mode", mode));
}

/* Returns an errno, 0 when all has been read. */
static int stream_read(FILE *stream, size_t bytes_max, struct buffer *buffer)
{
    char chunk[CHUNK_BYTES];
    size_t length;

    while ((length = fread(chunk, 1, sizeof(chunk), stream)) > 0) {
        if (length > bytes_max - buffer->length)
            return EFBIG;
        buffer_add(buffer, (struct text){chunk, length});
    }
    return ferror(stream) ? errno : 0;
}
