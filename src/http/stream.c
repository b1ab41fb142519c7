/* SPDX-License-Identifier: MIT */
#include "http/stream.h"

#include "base/memory.h"

/* The first size, which is kept when all was read: some events fit. */
#define CAPACITY_MIN ((size_t)4096)

static void grow(struct stream *stream, size_t bytes);
static void add(struct stream *stream, struct text piece);
static void rest(struct stream *stream);

void stream_init(struct stream *stream, size_t bytes_max)
{
    ASSERT(bytes_max > 0);
    *stream = (struct stream){.bytes_max = bytes_max};
}

void stream_close(struct stream *stream)
{
    free(stream->at);
    *stream = (struct stream){.bytes_max = stream->bytes_max};
}

bool stream_write(struct stream *stream, struct text piece)
{
    if (piece.length > stream->bytes_max - stream->length)
        return false;
    if (piece.length == 0)
        return true;
    if (piece.length > stream->capacity - stream->length)
        grow(stream, stream->length + piece.length);
    add(stream, piece);
    return true;
}

size_t stream_read(struct stream *stream, char *to, size_t bytes_max)
{
    const size_t bytes = bytes_max < stream->length ? bytes_max : stream->length;
    const size_t until_end = stream->capacity - stream->first;
    const size_t ahead = bytes < until_end ? bytes : until_end;

    if (bytes == 0)
        return 0;
    memcpy(to, stream->at + stream->first, ahead);
    memcpy(to + ahead, stream->at, bytes - ahead);
    stream->first = (stream->first + bytes) % stream->capacity;
    stream->length -= bytes;
    if (stream->length == 0)
        rest(stream);
    return bytes;
}

/* At least to so many bytes. */
static void grow(struct stream *stream, size_t bytes)
{
    const size_t held = stream->length;
    size_t capacity = stream->capacity > 0 ? stream->capacity : CAPACITY_MIN;
    char *larger;

    while (capacity < bytes)
        capacity *= 2;
    if (capacity > stream->bytes_max)
        capacity = stream->bytes_max;
    larger = memory_resize(NULL, capacity);
    (void)stream_read(stream, larger, held);
    free(stream->at);
    *stream = (struct stream){larger, 0, held, capacity, stream->bytes_max};
}

static void add(struct stream *stream, struct text piece)
{
    const size_t end = (stream->first + stream->length) % stream->capacity;
    const size_t until_end = stream->capacity - end;
    const size_t ahead = piece.length < until_end ? piece.length : until_end;

    memcpy(stream->at + end, piece.at, ahead);
    memcpy(stream->at, piece.at + ahead, piece.length - ahead);
    stream->length += piece.length;
}

static void rest(struct stream *stream)
{
    stream->first = 0;
    if (stream->capacity <= CAPACITY_MIN)
        return;
    free(stream->at);
    stream->at = NULL;
    stream->capacity = 0;
}
