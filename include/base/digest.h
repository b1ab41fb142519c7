/* SPDX-License-Identifier: MIT
 *
 * A keyed 128-bit hash of a list of byte strings (BLAKE2b, libsodium's crypto_generichash). Each
 * part is preceded by its length, so different lists never have the same input: ("a","bc") is not
 * ("ab","c"). */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/text.h"

#define DIGEST_BYTES     16
#define DIGEST_KEY_BYTES 32

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

struct digest_key {
    uint8_t bytes[DIGEST_KEY_BYTES];
};

/* Any thread, after sodium_init(). */
struct digest digest_of(const struct digest_key *key, const struct text parts[], size_t count);

/* A key for one purpose, derived from `master`: different purposes have unrelated keys. */
struct digest_key digest_key_derive(const struct digest_key *master, struct text purpose);

#endif
