/* SPDX-License-Identifier: MIT
 *
 * Decimal numbers, judged by their digits: a double is already rounded. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/text.h"

/* From its negative up to here, every reader of JSON reads a number with a point or an exponent
 * exactly (RFC 8259, 6). */
#define DECIMAL_EXACT_MAX (INT64_C(1) << 53)

/* The integer that a number of JSON or YAML denotes: "12", "-0.0", "1e2", "12.50e1". False when
 * there is a fraction, when it is past 64 bits, or with a point or an exponent past
 * DECIMAL_EXACT_MAX, and when it is not a number. Any thread. */
MUST_USE bool decimal_parse_integer(struct text text, int64_t *value);

#endif
