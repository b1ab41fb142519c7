/* SPDX-License-Identifier: MIT */
#include "journal/packed.h"

#define GROUP_BITS 7
#define GROUP_MORE 0x80U

void packed_write_integer(struct buffer *buffer, uint64_t value)
{
    while (value >= GROUP_MORE) {
        buffer_add_char(buffer, (char)(value | GROUP_MORE));
        value >>= GROUP_BITS;
    }
    buffer_add_char(buffer, (char)value);
}

void packed_write_signed(struct buffer *buffer, int64_t value)
{
    packed_write_integer(buffer, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

void packed_write_text(struct buffer *buffer, struct text text)
{
    packed_write_integer(buffer, text.length);
    buffer_add(buffer, text);
}

bool packed_read_integer(struct text *rest, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && rest->length > 0; shift += GROUP_BITS) {
        const uint8_t group = (uint8_t)*rest->at++;

        rest->length--;
        *value |= (uint64_t)(group & ~GROUP_MORE) << shift;
        if (group < GROUP_MORE)
            return true;
    }
    return false;
}

bool packed_read_signed(struct text *rest, int64_t *value)
{
    uint64_t packed;

    if (!packed_read_integer(rest, &packed))
        return false;
    *value = (int64_t)(packed >> 1 ^ ((packed & 1) == 0 ? 0 : UINT64_MAX));
    return true;
}

bool packed_read_text(struct text *rest, size_t bytes_max, struct text *text)
{
    uint64_t length;

    if (!packed_read_integer(rest, &length) || length > bytes_max || length > rest->length)
        return false;
    *text = (struct text){rest->at, length};
    rest->at += length;
    rest->length -= length;
    return true;
}
