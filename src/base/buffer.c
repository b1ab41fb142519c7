/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include "base/arena.h"

void buffer_init(struct buffer *buffer, struct arena *arena, size_t capacity)
{
    ASSERT(capacity > 0);
    *buffer = (struct buffer){
        .arena = arena, .at = arena_allocate_raw(arena, capacity), .capacity = capacity};
}

void buffer_add_integer(struct buffer *buffer, int64_t value)
{
    char space[TEXT_INTEGER_BYTES_MAX];

    buffer_add(buffer, text_write_integer(value, space));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list values;
    va_list values_again;

    va_start(values, format);
    va_copy(values_again, values);
    int length = vsnprintf(NULL, 0, format, values);
    va_end(values);
    ASSERT(length >= 0);

    size_t with_nul = (size_t)length + 1;
    vsnprintf(buffer_extend(buffer, with_nul), with_nul, format, values_again);
    va_end(values_again);
    buffer->length--;
}

struct text buffer_text(const struct buffer *buffer)
{
    return (struct text){buffer->at, buffer->length};
}

const char *buffer_string(struct buffer *buffer)
{
    buffer_add_char(buffer, '\0');
    buffer->length--;
    return buffer->at;
}

void buffer_grow(struct buffer *buffer, size_t more)
{
    size_t needed = buffer->length + more;
    size_t doubled = 2 * buffer->capacity;
    size_t capacity = doubled > needed ? doubled : needed;
    char *moved = arena_allocate_raw(buffer->arena, capacity);

    memcpy(moved, buffer->at, buffer->length);
    buffer->at = moved;
    buffer->capacity = capacity;
}
