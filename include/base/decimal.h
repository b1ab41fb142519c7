/* SPDX-License-Identifier: MIT
 *
 * Decimal numbers, judged by their digits: a double has rounded before anybody can ask. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/text.h"

/* Up to here, and down to its negative, a number with a point or an exponent is told exactly by
 * every reader of JSON (RFC 8259, 6). */
#define DECIMAL_EXACT_MAX (INT64_C(1) << 53)

/* The integer that a number of JSON or YAML denotes: "12", "-0.0", "1e2", "12.50e1". False when
 * there is a fraction, when it is past 64 bits, or with a point or an exponent past
 * DECIMAL_EXACT_MAX, and when it is no such number. Any thread. */
MUST_USE bool decimal_parse_integer(struct text text, int64_t *value);

#endif
