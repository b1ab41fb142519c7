/* SPDX-License-Identifier: MIT
 *
 * Characters by their numbers in Unicode. */
#ifndef BASE_CODE_POINT_H
#define BASE_CODE_POINT_H

#include "base/buffer.h"
#include "base/text.h"

#define CODE_POINT_SUPPLEMENTARY 0x10000u /* the first that JSON escapes as two units */

/* Of a character that text_utf8_bytes() has measured. */
uint32_t code_point_of(struct text character);

/* Whether the character is invisible, or changes how other text is shown: terminal controls,
 * controls of the writing direction, line separators, characters without width. A text with one may
 * look like another text. */
bool code_point_is_hidden(uint32_t code_point);

/* Adds the text, with a question mark for each hidden character and each byte that is not UTF-8. */
void code_point_write_visible(struct text text, struct buffer *out);

#endif
