/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <sodium.h>

#define LENGTH_BYTES 2

_Static_assert(DIGEST_BYTES == crypto_shorthash_siphashx24_BYTES, "SipHash's 128-bit output");
_Static_assert(DIGEST_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "SipHash's key");
_Static_assert(DIGEST_INPUT_BYTES_MAX <= UINT16_MAX, "a length fits in LENGTH_BYTES");

struct digest digest_of(const struct digest_key *key, const struct text parts[], size_t count)
{
    struct digest digest;
    WRITTEN_FIRST unsigned char input[DIGEST_INPUT_BYTES_MAX];
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        size_t length = parts[i].length;

        ASSERT(length <= sizeof(input) && LENGTH_BYTES + length <= sizeof(input) - used);
        /* Little-endian on every machine: instances that share a Redis must agree. */
        input[used++] = (unsigned char)length;
        input[used++] = (unsigned char)(length >> 8);
        if (length > 0)
            memcpy(input + used, parts[i].at, length);
        used += length;
    }
    crypto_shorthash_siphashx24(digest.bytes, input, used, key->bytes);
    return digest;
}

struct digest_key digest_key_derive(const struct pepper *pepper, struct text purpose)
{
    struct digest_key derived;

    /* BLAKE2b depends on the length of its output, so no digest of an API key shows this key. */
    crypto_generichash(derived.bytes, sizeof(derived.bytes), (const unsigned char *)purpose.at,
                       purpose.length, pepper->bytes, sizeof(pepper->bytes));
    return derived;
}
