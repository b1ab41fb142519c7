/* SPDX-License-Identifier: MIT
 *
 * Values that a plain body does not have: other kinds of JSON, and text that is not JSON. */
#ifndef UNIT_ODD_VALUES_H
#define UNIT_ODD_VALUES_H

static const char *const odd_values[] = {
    "9223372036854775808",
    "-9223372036854775809",
    "1.5",
    "1e3",
    "1E400",
    "01",
    "-",
    "-01",
    "+1",
    "--1",
    "1-1",
    "1 2",
    ".5",
    "1.",
    "tru",
    "truex",
    "True",
    "nul",
    "NaN",
    "\"\\u0041\"",
    "\"a\\\"",
    "\"a\\\"b\"",
    "\"\\/\"",
    "\"\\u0000\"",
    "\"\xc3\xa4\"",
    "\"\xff\"",
    "\"\x7f\"",
    "\"a\tb\"",
    "\"a\n\"",
    "\"",
    "'a'",
    "[]",
    "{}",
    "[1,\"a\"]",
    "{\"user_id\":1}",
    "",
};

#endif
