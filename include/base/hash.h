/* SPDX-License-Identifier: MIT
 *
 * A keyed hash of texts, for tables inside the process: its values are neither stored nor sent.
 *
 * A text is a polynomial modulo 2^61-1, with a coefficient for each seven bytes. Its hash is the
 * value at a secret point, mixed (Carter and Wegman, "Universal classes of hash functions", 1979).
 * Two texts of n bytes, chosen without knowing the point, collide with a probability of n/7 in
 * 2^61. The point is random, differs in each process, and never leaves it. Any thread. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/text.h"

#define HASH_BLOCK_BYTES      7
#define HASH_PREFIX_BYTES_MAX 255

uint64_t hash_text(struct text text);

/* 2^32 over the golden ratio. Its multiples are spread evenly over 2^32, wherever one begins: so
 * numbers that follow each other become hashes (Knuth, volume 3, section 6.4). */
#define HASH_GOLDEN_STEP UINT32_C(0x9e3779b9)

/* One hash of two; their order matters. */
static inline uint64_t hash_join(uint64_t a, uint64_t b)
{
    const uint64_t joined = (a + (b << 23 | b >> 41)) * UINT64_C(0x9e3779b97f4a7c15);

    return joined ^ joined >> 32;
}

/* A text that was read once: after that, the hash of any prefix takes one step. */
struct hash_prefixes {
    struct text text;
    uint64_t states[HASH_PREFIX_BYTES_MAX / HASH_BLOCK_BYTES + 1];
};

/* The text has at most HASH_PREFIX_BYTES_MAX bytes, and is borrowed. */
void hash_prefixes_init(struct hash_prefixes *prefixes, struct text text);
/* hash_text() of its first `length` bytes. */
uint64_t hash_prefix(const struct hash_prefixes *prefixes, size_t length);

#endif
