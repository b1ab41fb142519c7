/* SPDX-License-Identifier: MIT
 *
 * Packs integers and texts into few bytes, the same on every machine. Each byte of an integer has
 * seven bits, the lowest first; the eighth bit says that more bytes follow. A text is its length
 * and its bytes. A signed integer has its sign in the lowest bit, so that -1 is short, too. */
#ifndef JOURNAL_PACKED_H
#define JOURNAL_PACKED_H

#include "base/buffer.h"

void packed_write_integer(struct buffer *buffer, uint64_t value);
void packed_write_signed(struct buffer *buffer, int64_t value);
void packed_write_text(struct buffer *buffer, struct text text);

/* Each takes a value off the front of *rest. False when there is none; then *rest is undefined. */
MUST_USE bool packed_read_integer(struct text *rest, uint64_t *value);
MUST_USE bool packed_read_signed(struct text *rest, int64_t *value);
MUST_USE bool packed_read_text(struct text *rest, size_t bytes_max, struct text *text);

#endif
