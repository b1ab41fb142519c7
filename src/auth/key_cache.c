/* SPDX-License-Identifier: MIT
 *
 * A key may be in one of two neighbouring slots. A new key takes one of the two at random. */
#include "auth/key_cache.h"

#include "base/memory.h"

#include <sodium.h>

#define WAYS 2

struct slot {
    struct digest name; /* of the key; all zeros is no key's (but by a chance of 2^-128) */
    struct key_digest digest;
};

struct key_cache {
    struct digest_key name_key;
    struct slot slots[KEY_CACHE_SLOTS];
};

static uint64_t name_hash(const struct digest *name);
static struct slot *slot_with(struct slot *slots, const struct digest *name);

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
                      struct key_digest *digest)
{
    if (key.length != API_KEY_BYTES)
        return false;

    struct digest name = digest_of(&cache->name_key, &key, 1);
    uint64_t hash = name_hash(&name);
    struct slot *slots = &cache->slots[hash % (KEY_CACHE_SLOTS / WAYS) * WAYS];
    struct slot *slot = slot_with(slots, &name);

    if (slot == NULL) {
        if (!api_key_is_well_formed(key))
            return false;
        slot = &slots[(hash >> 32) % WAYS];
        slot->name = name;
        slot->digest = key_digest_of(pepper, key);
    }
    *digest = slot->digest;
    return true;
}

static uint64_t name_hash(const struct digest *name)
{
    uint64_t hash;

    memcpy(&hash, name->bytes, sizeof(hash));
    return hash;
}

static struct slot *slot_with(struct slot *slots, const struct digest *name)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (crypto_verify_16(slots[i].name.bytes, name->bytes) == 0)
            return &slots[i];
    }
    return NULL;
}
