/* SPDX-License-Identifier: MIT */
#include "base/code_point.h"

/* Unicode's Cc, Zl, Zp, Default_Ignorable_Code_Point, the invisible ones of Cf, and the two that
 * YAML lacks. */
static const struct {
    uint32_t first;
    uint32_t last;
} hidden[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
    {0x061c, 0x061c},   {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
    {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
    {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
    {0xfffe, 0xffff},   {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
};

uint32_t code_point_of(struct text character)
{
    static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code_point = (unsigned char)character.at[0] & lead_bits[character.length];

    for (size_t i = 1; i < character.length; i++)
        code_point = code_point << 6 | ((unsigned char)character.at[i] & 0x3f);
    return code_point;
}

bool code_point_is_hidden(uint32_t code_point)
{
    for (size_t i = 0; i < ARRAY_COUNT(hidden); i++) {
        if (code_point <= hidden[i].last)
            return code_point >= hidden[i].first;
    }
    return false;
}

void code_point_write_visible(struct text text, struct buffer *out)
{
    while (text.length > 0) {
        struct text character = {text.at, text_utf8_bytes(text)};
        const size_t bytes = character.length > 0 ? character.length : 1;

        if (character.length == 0 || code_point_is_hidden(code_point_of(character)))
            character = TEXT("?");
        buffer_add(out, character);
        text.at += bytes;
        text.length -= bytes;
    }
}
