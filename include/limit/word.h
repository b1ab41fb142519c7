/* SPDX-License-Identifier: MIT
 *
 * The names that callers give to subjects and measures: [a-z][a-z0-9_]{0,31}. */
#ifndef LIMIT_WORD_H
#define LIMIT_WORD_H

#include "base/text.h"

#define WORD_BYTES_MAX 32

/* What a fault says of a text that is none. */
#define WORD_FAULT "must be 1 to 32 of a-z, 0-9 and _, and begin with a letter"

bool word_is(struct text text);

/* The word in `space`, NUL-terminated. */
const char *word_string(struct text word, char space[static WORD_BYTES_MAX + 1]);

#endif
