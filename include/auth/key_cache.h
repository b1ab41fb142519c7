/* SPDX-License-Identifier: MIT
 *
 * The digests of the API keys that came last, so that a key is not examined and hashed by BLAKE2b
 * with every request. It answers what key_digest_of() would: it does not know whether an app still
 * has the key. It holds no keys: it tells them apart by a SipHash under a random key of its own
 * (base/digest.h). Each worker has one, used on its thread alone. */
#ifndef AUTH_KEY_CACHE_H
#define AUTH_KEY_CACHE_H

#include "auth/api_key.h"
#include "base/key_digest.h"

/* At 48 bytes each; memory that no key has needed is never touched. */
#define KEY_CACHE_SLOTS 32768

struct key_cache;

struct key_cache *key_cache_new(void);
/* Wipes. NULL is fine. */
void key_cache_free(struct key_cache *cache);

/* Sets `digest` to key_digest_of(); false when the key is not well-formed. `pepper` is the same
 * every time. */
MUST_USE bool key_cache_digest(struct key_cache *cache, const struct pepper *pepper,
                               struct text key, struct key_digest *digest);

#endif
