/* SPDX-License-Identifier: MIT
 *
 * Digits and letters: what keys and ids are made of. Any thread, after sodium_init(). */
#ifndef BASE_BASE62_H
#define BASE_BASE62_H

#define BASE62_COUNT 62

/* In the order of their values. */
extern const char base62_characters[];

bool base62_is(char c);

/* `count` characters from libsodium's generator, and a NUL. */
void base62_random(char *out, size_t count);

#endif
