/* SPDX-License-Identifier: MIT
 *
 * What somebody may have sent who did not send JSON. */
#ifndef BASE_DOCUMENT_HINT_H
#define BASE_DOCUMENT_HINT_H

#include "base/text.h"

/* A sentence for a text that document_parse() has refused; NULL where nothing is known. A guess by
 * marks in the text, made once and cheaply. Any thread. */
const char *document_hint(struct text text);

#endif
