/* SPDX-License-Identifier: MIT */
#include "auth/api_key.h"

#include "base/base62.h"

#define PREFIX_BYTES   4
#define ID_BYTES       12
#define SECRET_BYTES   32
#define CHECKSUM_BYTES 6
#define SEPARATOR_AT   (PREFIX_BYTES + ID_BYTES)
#define CHECKSUMMED    (SEPARATOR_AT + 1 + SECRET_BYTES)

_Static_assert(CHECKSUMMED + CHECKSUM_BYTES == API_KEY_BYTES, "the parts make the whole");

static void checksum_write(const char *key, char *out);
static uint32_t crc32_of(const char *bytes, size_t length);

void api_key_generate(char key[static API_KEY_BYTES + 1])
{
    memcpy(key, API_KEY_PREFIX, PREFIX_BYTES);
    base62_random(key + PREFIX_BYTES, ID_BYTES);
    key[SEPARATOR_AT] = '_';
    base62_random(key + SEPARATOR_AT + 1, SECRET_BYTES);
    checksum_write(key, key + CHECKSUMMED);
    key[API_KEY_BYTES] = '\0';
}

bool api_key_is_well_formed(struct text key)
{
    char checksum[CHECKSUM_BYTES];

    if (key.length != API_KEY_BYTES || memcmp(key.at, API_KEY_PREFIX, PREFIX_BYTES) != 0)
        return false;
    for (size_t i = PREFIX_BYTES; i < CHECKSUMMED; i++) {
        if (i == SEPARATOR_AT ? key.at[i] != '_' : !base62_is(key.at[i]))
            return false;
    }

    checksum_write(key.at, checksum);
    return memcmp(key.at + CHECKSUMMED, checksum, CHECKSUM_BYTES) == 0;
}

/* The CRC as six digits of base62, the most significant first: 62^6 exceeds 2^32. */
static void checksum_write(const char *key, char *out)
{
    uint32_t crc = crc32_of(key, CHECKSUMMED);

    for (size_t i = CHECKSUM_BYTES; i-- > 0; crc /= BASE62_COUNT)
        out[i] = base62_characters[crc % BASE62_COUNT];
}

/* The CRC-32 of zlib and Ethernet (polynomial 0xEDB88320, reflected), four bits at a time. */
static uint32_t crc32_of(const char *bytes, size_t length)
{
    static const uint32_t of_nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xFFFFFFFF;

    for (size_t i = 0; i < length; i++) {
        crc ^= (uint8_t)bytes[i];
        crc = (crc >> 4) ^ of_nibble[crc & 15];
        crc = (crc >> 4) ^ of_nibble[crc & 15];
    }
    return ~crc;
}
