/* SPDX-License-Identifier: MIT
 *
 * The handlers of the api layer for one app, without a network, threads or files. Counters are in
 * memory. A catalogue and a journal replace the real ones, and do at once what they are asked. Each
 * call is like the first: no count is left from the one before. */
#ifndef TESTS_FUZZ_HANDLERS_H
#define TESTS_FUZZ_HANDLERS_H

#include "api/handlers.h"
#include "unit/fake_transport.h"

typedef enum handled handler_fn(struct request *request, void *context);

/* Checks the answer in request->response. `context` is the caller's. */
typedef void handler_check_fn(const struct request *request, const void *context);

/* To be called once, before the others. */
void handlers_init(void);

/* Runs the handler on a request with this body and these arguments (NULL: none). Gives the request
 * to `check` once it is answered. */
void handlers_run(handler_fn *handler, struct text body, const struct fake_pair *arguments,
                  const void *context, handler_check_fn *check);

#endif
