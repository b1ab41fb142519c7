/* SPDX-License-Identifier: MIT */
#ifndef BASE_JSON_BLANK_H
#define BASE_JSON_BLANK_H

#include "base/prelude.h"

/* What may stand between the tokens of a JSON text (RFC 8259, 2). */
static inline bool json_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

#endif
