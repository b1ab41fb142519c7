/* SPDX-License-Identifier: MIT
 *
 * The handlers of the api layer as they serve one app, without network, threads or files: counters
 * are in memory, and a catalogue and a journal stand in for the real ones that do at once what is
 * asked of them. Every call is the first there ever was: no count is left from the one before. */
#ifndef TESTS_FUZZ_HANDLERS_H
#define TESTS_FUZZ_HANDLERS_H

#include "api/handlers.h"
#include "unit/fake_transport.h"

typedef enum handled handler_fn(struct request *request, void *context);

/* Looks at the answer in request->response; `context` is the asker's. */
typedef void handler_check_fn(const struct request *request, const void *context);

/* Once, before the others. */
void handlers_init(void);

/* Runs the handler on a request with this body and these arguments (NULL: none), and hands it to
 * `check` once it is answered. */
void handlers_run(handler_fn *handler, struct text body, const struct fake_pair *arguments,
                  const void *context, handler_check_fn *check);

#endif
