/* SPDX-License-Identifier: MIT
 *
 * Text that grows, in an arena: released with it, never on its own. Adding is inline: most pieces
 * are so short that a call would cost more than the copy. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/text.h"

#include <stdarg.h>

struct arena;

struct buffer {
    struct arena *arena;
    char *at; /* at[0, length) is written; not NUL-terminated */
    size_t length;
    size_t capacity;
};

/* `capacity` > 0 bytes are reserved at once: enough for the usual content costs one allocation. */
void buffer_init(struct buffer *buffer, struct arena *arena, size_t capacity);

/* For buffer_extend() alone: room for `more` bytes behind what is written. */
SELDOM void buffer_grow(struct buffer *buffer, size_t more);

/* Makes the content `bytes` longer and returns where the new bytes are, for the caller to fill. */
static inline char *buffer_extend(struct buffer *buffer, size_t bytes)
{
    if (bytes > buffer->capacity - buffer->length)
        buffer_grow(buffer, bytes);
    buffer->length += bytes;
    return buffer->at + buffer->length - bytes;
}

static inline void buffer_add(struct buffer *buffer, struct text text)
{
    if (text.length > 0) /* memcpy() may not be given NULL, not even for no bytes */
        memcpy(buffer_extend(buffer, text.length), text.at, text.length);
}

static inline void buffer_add_char(struct buffer *buffer, char c)
{
    *buffer_extend(buffer, 1) = c;
}

void buffer_add_integer(struct buffer *buffer, int64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* What has been written; valid until the next write. */
struct text buffer_text(const struct buffer *buffer);
/* The same, NUL-terminated. */
const char *buffer_string(struct buffer *buffer);

#endif
