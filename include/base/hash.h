/* SPDX-License-Identifier: MIT
 *
 * FNV-1a of 64 bits, for tables inside the process: nothing that it makes is stored or sent. Who
 * chooses what is hashed can make hashes meet, so it is for keys that nobody gains by choosing, and
 * where equal hashes cost a comparison and no more. Otherwise there is base/digest.h. Any
 * thread. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/text.h"

#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

/* Goes on with one byte. Inline, as those are that look at each request. */
static inline uint64_t hash_byte(uint64_t hash, char byte)
{
    return (hash ^ (unsigned char)byte) * HASH_PRIME;
}

/* Goes on with all bytes of the text; begin with HASH_START. */
static inline uint64_t hash_text(uint64_t hash, struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        hash = hash_byte(hash, text.at[i]);
    return hash;
}

#endif
