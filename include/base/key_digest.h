/* SPDX-License-Identifier: MIT
 *
 * All that is stored of an API key: its hash under the catalogue's pepper. */
#ifndef BASE_KEY_DIGEST_H
#define BASE_KEY_DIGEST_H

#include "base/digest.h"

#define KEY_DIGEST_BYTES 32

struct key_digest {
    uint8_t bytes[KEY_DIGEST_BYTES];
};

/* crypto_generichash(key, pepper), BLAKE2b. Any thread, after sodium_init(). */
struct key_digest key_digest_of(const struct pepper *pepper, struct text key);

#endif
