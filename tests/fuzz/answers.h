/* SPDX-License-Identifier: MIT
 *
 * What must hold of every answer of a handler. */
#ifndef TESTS_FUZZ_ANSWERS_H
#define TESTS_FUZZ_ANSWERS_H

#include "http/request.h"

#include <jansson.h>

/* Asserts that the status is one of `statuses` (ending with 0) and the body JSON; of a problem that
 * it has the status too, and each error of a 422 a place in `document` (NULL: any). Returns the
 * body's value, which the caller releases. */
MUST_USE json_t *answer_check(const struct request *request, const int statuses[],
                              const json_t *document);

/* Asserts that these are the errors of a 422, as above. */
void answer_check_errors(const json_t *errors, const json_t *document);

#endif
