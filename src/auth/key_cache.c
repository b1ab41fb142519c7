/* SPDX-License-Identifier: MIT
 *
 * Each key has one slot, and the last one to come has it. */
#include "auth/key_cache.h"

#include "base/memory.h"

#include <sodium.h>

struct slot {
    struct digest name; /* of the key; no key's is all zeros, but by a chance of 2^-128 */
    uint8_t digest[API_KEY_DIGEST_BYTES];
};

struct key_cache {
    struct digest_key name_key;
    struct slot slots[KEY_CACHE_SLOTS];
};

static struct slot *slot_of(struct key_cache *cache, const struct digest *name);

_Static_assert(API_KEY_BYTES < DIGEST_INPUT_BYTES_MAX, "a key can be named by its digest");

struct key_cache *key_cache_new(void)
{
    struct key_cache *cache = MEMORY_NEW(struct key_cache);

    randombytes_buf(cache->name_key.bytes, sizeof(cache->name_key.bytes));
    return cache;
}

void key_cache_free(struct key_cache *cache)
{
    if (cache == NULL)
        return;
    sodium_memzero(cache, sizeof(*cache));
    free(cache);
}

bool key_cache_digest(struct key_cache *cache, const struct pepper *pepper, struct text key,
                      uint8_t digest[static API_KEY_DIGEST_BYTES])
{
    if (key.length != API_KEY_BYTES)
        return false;

    struct digest name = digest_of(&cache->name_key, &key, 1);
    struct slot *slot = slot_of(cache, &name);

    if (crypto_verify_16(slot->name.bytes, name.bytes) != 0) {
        if (!api_key_is_well_formed(key))
            return false;
        slot->name = name;
        api_key_digest(pepper, key, slot->digest);
    }
    memcpy(digest, slot->digest, sizeof(slot->digest));
    return true;
}

static struct slot *slot_of(struct key_cache *cache, const struct digest *name)
{
    uint32_t hash;

    memcpy(&hash, name->bytes, sizeof(hash));
    return &cache->slots[hash % KEY_CACHE_SLOTS];
}
