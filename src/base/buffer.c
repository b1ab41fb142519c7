/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include "base/arena.h"

/* Digits of the longest int64_t and its sign. */
#define INTEGER_BYTES_MAX 20

static void buffer_reserve(struct buffer *buffer, size_t more);

void buffer_init(struct buffer *buffer, struct arena *arena, size_t capacity)
{
    ASSERT(capacity > 0);
    *buffer = (struct buffer){
        .arena = arena, .at = arena_allocate_raw(arena, capacity), .capacity = capacity};
}

void buffer_add(struct buffer *buffer, struct text text)
{
    if (text.length == 0)
        return;
    buffer_reserve(buffer, text.length);
    memcpy(buffer->at + buffer->length, text.at, text.length);
    buffer->length += text.length;
}

void buffer_add_char(struct buffer *buffer, char c)
{
    buffer_reserve(buffer, 1);
    buffer->at[buffer->length++] = c;
}

void buffer_add_integer(struct buffer *buffer, int64_t value)
{
    char digits[INTEGER_BYTES_MAX];
    size_t first = sizeof(digits);
    /* Unsigned, because INT64_MIN has no positive twin. */
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--first] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--first] = '-';
    buffer_add(buffer, (struct text){digits + first, sizeof(digits) - first});
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
    buffer_reserve(buffer, with_nul);
    vsnprintf(buffer->at + buffer->length, with_nul, format, values_again);
    va_end(values_again);
    buffer->length += (size_t)length;
}

struct text buffer_text(const struct buffer *buffer)
{
    return (struct text){buffer->at, buffer->length};
}

const char *buffer_string(struct buffer *buffer)
{
    buffer_reserve(buffer, 1);
    buffer->at[buffer->length] = '\0';
    return buffer->at;
}

static void buffer_reserve(struct buffer *buffer, size_t more)
{
    if (more <= buffer->capacity - buffer->length)
        return;

    size_t needed = buffer->length + more;
    size_t doubled = 2 * buffer->capacity;
    size_t capacity = doubled > needed ? doubled : needed;
    char *moved = arena_allocate_raw(buffer->arena, capacity);

    memcpy(moved, buffer->at, buffer->length);
    buffer->at = moved;
    buffer->capacity = capacity;
}
