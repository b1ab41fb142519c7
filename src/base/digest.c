/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <sodium.h>

static void add_part(crypto_generichash_state *state, struct text part);

struct digest digest_of(const struct digest_key *key, const struct text parts[], size_t count)
{
    struct digest digest;
    crypto_generichash_state state;

    crypto_generichash_init(&state, key->bytes, sizeof(key->bytes), sizeof(digest.bytes));
    for (size_t i = 0; i < count; i++)
        add_part(&state, parts[i]);
    crypto_generichash_final(&state, digest.bytes, sizeof(digest.bytes));
    return digest;
}

struct digest_key digest_key_derive(const struct digest_key *master, struct text purpose)
{
    struct digest_key derived;

    /* BLAKE2b mixes the length of its output in: no digest_of() under `master` shows this key. */
    crypto_generichash(derived.bytes, sizeof(derived.bytes), (const unsigned char *)purpose.at,
                       purpose.length, master->bytes, sizeof(master->bytes));
    return derived;
}

static void add_part(crypto_generichash_state *state, struct text part)
{
    unsigned char length[8];

    /* Little-endian on every machine: instances that share a Redis must agree. */
    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (unsigned char)((uint64_t)part.length >> (8 * i));
    crypto_generichash_update(state, length, sizeof(length));
    crypto_generichash_update(state, (const unsigned char *)part.at, part.length);
}
