/* SPDX-License-Identifier: MIT */
#include "base/base62.h"

#include <sodium.h>

const char base62_characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

_Static_assert(sizeof(base62_characters) == BASE62_COUNT + 1, "one character for each value");

bool base62_is(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

void base62_random(char *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = base62_characters[randombytes_uniform(BASE62_COUNT)];
    out[count] = '\0';
}
