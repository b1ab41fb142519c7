/* SPDX-License-Identifier: MIT
 *
 * An API key, as a client sends it. A text is well-formed exactly if a second, simpler reading says
 * so. A key that is made from any input is well-formed, and is not when any one of its bytes is
 * changed. */
#include "fuzz.h"

#include "auth/api_key.h"

#define CHECKSUM_BYTES 6
#define CHECKSUMMED    (API_KEY_BYTES - CHECKSUM_BYTES)
#define SEPARATOR_AT   16

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool is_well_formed(struct text key);
static void key_of_input(struct text input, char key[static API_KEY_BYTES]);
static void checksum_of(const char *key, char out[static CHECKSUM_BYTES]);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = fuzz_text(data, size);
    char key[API_KEY_BYTES];
    struct text made = {key, sizeof key};

    ASSERT(api_key_is_well_formed(input) == is_well_formed(input));

    if (size <= CHECKSUMMED + 1)
        return 0;
    key_of_input(input, key);
    ASSERT(api_key_is_well_formed(made));

    char *changed = &key[data[CHECKSUMMED] % API_KEY_BYTES];
    const char original = *changed;

    *changed = (char)data[CHECKSUMMED + 1];
    ASSERT(api_key_is_well_formed(made) == (*changed == original));
    return 0;
}

static bool is_well_formed(struct text key)
{
    char checksum[CHECKSUM_BYTES];

    if (key.length != API_KEY_BYTES || !text_starts_with(key, TEXT("slk_")) ||
        key.at[SEPARATOR_AT] != '_')
        return false;
    for (size_t i = strlen("slk_"); i < API_KEY_BYTES; i++) {
        if (i != SEPARATOR_AT && (key.at[i] == '\0' || strchr(digits, key.at[i]) == NULL))
            return false;
    }
    checksum_of(key.at, checksum);
    return memcmp(key.at + CHECKSUMMED, checksum, sizeof checksum) == 0;
}

static void key_of_input(struct text input, char key[static API_KEY_BYTES])
{
    for (size_t i = 0; i < CHECKSUMMED; i++)
        key[i] = digits[(unsigned char)input.at[i] % strlen(digits)];
    memcpy(key, "slk_", strlen("slk_"));
    key[SEPARATOR_AT] = '_';
    checksum_of(key, key + CHECKSUMMED);
}

/* CRC-32 bit by bit, in base62. */
static void checksum_of(const char *key, char out[static CHECKSUM_BYTES])
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < CHECKSUMMED * 8; i++) {
        uint32_t bit = (uint32_t)((unsigned char)key[i / 8] >> i % 8 & 1);

        crc = crc >> 1 ^ ((crc & 1) == bit ? 0 : 0xedb88320);
    }
    crc = ~crc;
    for (size_t i = CHECKSUM_BYTES; i-- > 0; crc /= 62)
        out[i] = digits[crc % 62];
}
