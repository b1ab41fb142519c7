/* SPDX-License-Identifier: MIT */
#include "redis/redis_slot.h"

static struct text hashed_part(struct text key);
static uint16_t crc16(struct text text);

uint16_t redis_slot(struct text key)
{
    return crc16(hashed_part(key)) % REDIS_SLOTS;
}

static struct text hashed_part(struct text key)
{
    struct text rest = key;

    (void)text_cut(&rest, '{');
    if (text_is_absent(rest) || memchr(rest.at, '}', rest.length) == NULL)
        return key;
    const struct text tag = text_cut(&rest, '}');
    return tag.length == 0 ? key : tag;
}

/* CRC-16/XMODEM: polynomial x^16 + x^12 + x^5 + 1, which is what the shifts are. */
static uint16_t crc16(struct text text)
{
    uint16_t crc = 0;

    for (size_t i = 0; i < text.length; i++) {
        crc = (uint16_t)(crc >> 8 | crc << 8);
        crc ^= (uint8_t)text.at[i];
        crc ^= (uint16_t)((crc & 0xff) >> 4);
        crc ^= (uint16_t)(crc << 12);
        crc ^= (uint16_t)((crc & 0xff) << 5);
    }
    return crc;
}
