/* SPDX-License-Identifier: MIT
 *
 * Integers and texts as few bytes, the same on every machine: an integer has seven bits in each
 * byte, the lowest first, and the eighth bit says that more follow; a text is its length and its
 * bytes. */
#ifndef JOURNAL_PACKED_H
#define JOURNAL_PACKED_H

#include "base/buffer.h"

void packed_write_integer(struct buffer *buffer, uint64_t value);
void packed_write_text(struct buffer *buffer, struct text text);

/* Each takes a value off the front of *rest; false, with *rest anywhere, when there is none. */
MUST_USE bool packed_read_integer(struct text *rest, uint64_t *value);
MUST_USE bool packed_read_text(struct text *rest, size_t bytes_max, struct text *text);

#endif
