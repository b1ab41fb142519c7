/* SPDX-License-Identifier: MIT
 *
 * Writes JSON straight into a buffer. `key` is the member's name inside an object, NULL inside an
 * array or at the top; keys are ours and written unescaped. The caller balances begin and end. */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include "base/buffer.h"
#include "base/text.h"

struct writer {
    struct buffer *out;
    bool comma;       /* the next value at this level follows another */
    bool for_display; /* see writer_for_display() */
};

void writer_init(struct writer *writer, struct buffer *out);
/* From now on hidden characters (code_point.h) are escaped, too: for output that people read on a
 * terminal. The JSON means the same. */
void writer_for_display(struct writer *writer);
void writer_begin_object(struct writer *writer, const char *key);
void writer_end_object(struct writer *writer);
void writer_begin_array(struct writer *writer, const char *key);
void writer_end_array(struct writer *writer);
/* An absent text is written as null. Only what RFC 8259 §7 demands is escaped, unless it is for
 * display; a byte that is not UTF-8 becomes U+FFFD, so that the result is JSON whatever bytes a
 * library's message has. */
void writer_text(struct writer *writer, const char *key, struct text value);
void writer_string(struct writer *writer, const char *key, const char *value); /* NULL: null */
void writer_integer(struct writer *writer, const char *key, int64_t value);
void writer_bool(struct writer *writer, const char *key, bool value);
void writer_null(struct writer *writer, const char *key);
/* `json` is one complete JSON value, copied as it is. */
void writer_raw(struct writer *writer, const char *key, struct text json);

/* All that was written, once it is whole, with a newline behind it: on a terminal the prompt then
 * has a line of its own. Borrowed from the buffer. */
struct text writer_document(struct writer *writer);

#endif
