/* SPDX-License-Identifier: MIT
 *
 * Whether faults say in which place they are. */
#ifndef TESTS_FUZZ_POINTERS_H
#define TESTS_FUZZ_POINTERS_H

#include "base/faults.h"

#include <jansson.h>

/* Asserts that `pointer` (RFC 6901) names a value of the document, or a missing member of one of
 * its objects. A pointer that may have been cut is followed as far as it goes. */
void pointer_check(const char *pointer, const json_t *document);

/* Asserts that there is at least one fault, and that each has a place and a text. */
void pointers_check(const struct faults *faults, const json_t *document);

#endif
