/* SPDX-License-Identifier: MIT
 *
 * Writes CSV (RFC 4180) into a buffer: rows of fields, which end with CR LF. The caller gives each
 * row the same number of fields.
 *
 * A spreadsheet may run a text that begins with = + - @ or a control character as a formula. So
 * such a text gets an apostrophe in front, which a spreadsheet takes for "this is text". The same
 * behind a semicolon, a tab or the end of a line, because for some spreadsheets a field begins
 * there. An apostrophe in such a place gets another one: then whoever removes the first one in each
 * such place always has the text itself. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/buffer.h"

struct csv {
    struct buffer *out;
    bool comma; /* the next field follows another */
};

void csv_init(struct csv *csv, struct buffer *out);
/* A text of anybody; an absent one is an empty field. */
void csv_text(struct csv *csv, struct text text);
void csv_integer(struct csv *csv, int64_t value);
/* So many empty fields. */
void csv_skip(struct csv *csv, size_t count);
void csv_end_row(struct csv *csv);

#endif
