/* SPDX-License-Identifier: MIT
 *
 * What must be true of each answer of a handler. */
#ifndef TESTS_FUZZ_ANSWERS_H
#define TESTS_FUZZ_ANSWERS_H

#include "http/request.h"

#include <jansson.h>

/* Asserts that the status is one of `statuses`, which end with 0, and that the body is JSON. A
 * problem must have the same status in its body. Each error of a 422 must have a place in
 * `document`; NULL: any place. Returns the body's value, which the caller releases. */
MUST_USE json_t *answer_check(const struct request *request, const int statuses[],
                              const json_t *document);

/* Asserts the same of the errors of a 422. */
void answer_check_errors(const json_t *errors, const json_t *document);

#endif
