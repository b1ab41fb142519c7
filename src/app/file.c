/* SPDX-License-Identifier: MIT */
#include "file.h"

#include "base/arena.h"
#include "base/buffer.h"

#include <errno.h>

#define CHUNK_BYTES    4096
#define LINE_BYTES_MAX 65536

static int stream_read(FILE *stream, size_t bytes_max, struct buffer *buffer);

bool file_read(const char *path, size_t bytes_max, struct arena *arena, struct text *content,
               struct error *error)
{
    struct buffer buffer;
    FILE *stream = fopen(path, "re");

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

bool file_read_line(const char *path, struct arena *arena, struct text *line, struct error *error)
{
    struct text content;

    if (!file_read(path, LINE_BYTES_MAX, arena, &content, error))
        return false;

    *line = text_cut(&content, '\n');
    if (line->length > 0 && line->at[line->length - 1] == '\r')
        line->length--;
    *line = text_copy(arena, text_trim(*line));
    return true;
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
