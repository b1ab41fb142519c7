/* SPDX-License-Identifier: MIT */
#include "file.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/log.h"

#include <errno.h>
#include <sys/stat.h>

#define CHUNK_BYTES    4096
#define LINE_BYTES_MAX 65536

static bool read_whole(FILE *stream, const char *path, size_t bytes_max, struct arena *arena,
                       struct text *content, struct error *error);
static void warn_if_open_to_all(FILE *stream, const char *path);
static int stream_read(FILE *stream, size_t bytes_max, struct buffer *buffer);

bool file_read(const char *path, size_t bytes_max, struct arena *arena, struct text *content,
               struct error *error)
{
    return read_whole(fopen(path, "re"), path, bytes_max, arena, content, error);
}

bool file_read_secret(const char *path, size_t bytes_max, struct arena *arena, struct text *content,
                      struct error *error)
{
    FILE *stream = fopen(path, "re");

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
    *line = text_copy(arena, text_trim(*line));
    return true;
}

static bool read_whole(FILE *stream, const char *path, size_t bytes_max, struct arena *arena,
                       struct text *content, struct error *error)
{
    struct buffer buffer;

    if (stream == NULL)
        return error_set(error, "cannot read %s: %s", path, strerror(errno));

    buffer_init(&buffer, arena, CHUNK_BYTES);
    int failure = stream_read(stream, bytes_max, &buffer);
    fclose(stream);

    if (failure == EFBIG)
        return error_set(error, "cannot read %s: longer than %zu bytes", path, bytes_max);
    if (failure != 0)
        return error_set(error, "cannot read %s: %s", path, strerror(failure));
    *content = (struct text){buffer_string(&buffer), buffer.length};
    return true;
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
