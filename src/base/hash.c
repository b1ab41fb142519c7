/* SPDX-License-Identifier: MIT
 *
 * The polynomial of a text has the leading coefficient 1, so that texts of different lengths
 * differ. Then it has a coefficient for each block of seven bytes, and one for the rest and its
 * length. The constant is 0, so that every difference is multiplied by the point. */
#include "base/hash.h"

#include <sodium.h>

#define PRIME      ((UINT64_C(1) << 61) - 1)
#define BLOCK_BITS (8 * HASH_BLOCK_BYTES)

__extension__ typedef unsigned __int128 product;

static uint64_t point;

static void point_choose(void) __attribute__((constructor));
static uint64_t begin(void);
static uint64_t go_on(uint64_t state, uint64_t coefficient);
static uint64_t finish(uint64_t state, const char *rest, size_t length);
static uint64_t block_at(const char *at);
static uint64_t rest_at(const char *at, size_t length);
static uint64_t word_at(const char *at);

uint64_t hash_text(struct text text)
{
    uint64_t state = begin();

    for (; text.length >= HASH_BLOCK_BYTES; text.length -= HASH_BLOCK_BYTES) {
        state = go_on(state, block_at(text.at));
        text.at += HASH_BLOCK_BYTES;
    }
    return finish(state, text.at, text.length);
}

void hash_prefixes_init(struct hash_prefixes *prefixes, struct text text)
{
    ASSERT(text.length <= HASH_PREFIX_BYTES_MAX);
    prefixes->text = text;
    prefixes->states[0] = begin();
    for (size_t i = 0; i < text.length / HASH_BLOCK_BYTES; i++) {
        prefixes->states[i + 1] =
            go_on(prefixes->states[i], block_at(text.at + i * HASH_BLOCK_BYTES));
    }
}

uint64_t hash_prefix(const struct hash_prefixes *prefixes, size_t length)
{
    const size_t blocks = length / HASH_BLOCK_BYTES;

    return finish(prefixes->states[blocks], prefixes->text.at + blocks * HASH_BLOCK_BYTES,
                  length % HASH_BLOCK_BYTES);
}

/* Runs before main(), so that the point is there before any table and any thread. */
static void point_choose(void)
{
    while (point <= UINT32_MAX || point == PRIME) {
        randombytes_buf(&point, sizeof point);
        point &= PRIME;
    }
}

static uint64_t begin(void)
{
    return 1;
}

/* A state is below 2^62, and stands for its remainder. */
static uint64_t go_on(uint64_t state, uint64_t coefficient)
{
    const product next = (product)state * point + coefficient;
    const uint64_t folded = (uint64_t)(next & PRIME) + (uint64_t)(next >> 61);

    return (folded & PRIME) + (folded >> 61);
}

static uint64_t finish(uint64_t state, const char *rest, size_t length)
{
    const uint64_t value = go_on(go_on(state, rest_at(rest, length)), 0);

    return hash_join(value >= PRIME ? value - PRIME : value, 0);
}

static uint64_t block_at(const char *at)
{
    return word_at(at) | word_at(at + 3) << 24;
}

static uint64_t rest_at(const char *at, size_t length)
{
    uint64_t bytes = 0;

    if (length >= 4) {
        bytes = word_at(at) | word_at(at + length - 4) << 8 * (length - 4);
    } else if (length > 0) {
        bytes = (uint64_t)(unsigned char)at[0] | (uint64_t)(unsigned char)at[length / 2] << 8 |
                (uint64_t)(unsigned char)at[length - 1] << 16;
    }
    return bytes | (uint64_t)length << BLOCK_BITS;
}

static uint64_t word_at(const char *at)
{
    uint32_t word;

    memcpy(&word, at, sizeof word);
    return word;
}
