/* SPDX-License-Identifier: MIT
 *
 * Whether faults say where they are. */
#ifndef TESTS_FUZZ_POINTERS_H
#define TESTS_FUZZ_POINTERS_H

#include "base/faults.h"

#include <jansson.h>

/* Asserts that `pointer` (RFC 6901) names a value of the document, or a member that one of its
 * objects lacks. One that may have been cut to fit is followed as far as it goes. */
void pointer_check(const char *pointer, const json_t *document);

/* Asserts that there is a fault, and the same of each, and that each says something. */
void pointers_check(const struct faults *faults, const json_t *document);

#endif
