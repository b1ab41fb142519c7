/* SPDX-License-Identifier: MIT
 *
 * Characters by their numbers in Unicode. */
#ifndef BASE_CODE_POINT_H
#define BASE_CODE_POINT_H

#include "base/text.h"

#define CODE_POINT_SUPPLEMENTARY 0x10000u /* the first that JSON escapes as two */

/* Of a character that text_utf8_bytes() has measured. */
uint32_t code_point_of(struct text character);

/* Whether it shows nothing of itself where it is read, or does something there: controls of a
 * terminal and of the direction of writing, separators of lines, characters of no width. A text
 * with one may look like another text. */
bool code_point_is_hidden(uint32_t code_point);

#endif
