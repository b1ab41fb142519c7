/* SPDX-License-Identifier: MIT
 *
 * JSON text to a tree of jansson values, by one strict rule for bodies, files and stored documents:
 * UTF-8, no duplicate keys, no NUL in a string, nothing after the value, at most DOCUMENT_DEPTH_MAX
 * arrays and objects inside each other. */
#ifndef BASE_DOCUMENT_H
#define BASE_DOCUMENT_H

#include "base/error.h"
#include "base/text.h"

#include <jansson.h>

#define DOCUMENT_DEPTH_MAX 16
/* The most values of a tree, which may take forty times the room of its text: enough for a body of
 * 1 MiB. A batch of 1,000 checks has 7,000, and 22,000 if each has 8 subjects and 8 costs. */
#define DOCUMENT_VALUES_MAX 25000

/* Returns a value that the caller releases with json_decref(), or NULL and says in `error` what is
 * wrong and on which line and column. A number whose fraction is zero is an integer, as in JSON
 * Schema 2020-12: 1.0, 1e2; see decimal.h. A number too large to be exact comes back as a real, so
 * that the form (form.h) can name its field. Any thread. */
MUST_USE json_t *document_parse(struct text text, struct error *error);

/* How many values the tree has, with itself. It comes from the parser, so it is not deep. Any
 * thread. */
size_t document_values(const json_t *tree);

#endif
