/* SPDX-License-Identifier: MIT
 *
 * Text that grows, in an arena: released with it, never on its own. */
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
void buffer_add(struct buffer *buffer, struct text text);
void buffer_add_char(struct buffer *buffer, char c);
void buffer_add_integer(struct buffer *buffer, int64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* What has been written; valid until the next write. */
struct text buffer_text(const struct buffer *buffer);
/* The same, NUL-terminated. */
const char *buffer_string(struct buffer *buffer);

#endif
