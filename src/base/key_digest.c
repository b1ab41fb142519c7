/* SPDX-License-Identifier: MIT */
#include "base/key_digest.h"

#include <sodium.h>

struct key_digest key_digest_of(const struct pepper *pepper, struct text key)
{
    struct key_digest digest;

    crypto_generichash(digest.bytes, sizeof(digest.bytes), (const unsigned char *)key.at,
                       key.length, pepper->bytes, sizeof(pepper->bytes));
    return digest;
}
