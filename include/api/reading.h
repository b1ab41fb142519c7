/* SPDX-License-Identifier: MIT
 *
 * Reads a request's body or query, and answers if it is wrong: 400 if the body is not JSON, 422
 * with every fault if a document or a query breaks the rules.
 *
 *     struct reading reading;
 *
 *     if (!reading_open_body(&reading, request))
 *         return HANDLED_NOW;
 *     form_text(&reading.form, "name", FORM_REQUIRED, 1, 100, &name);
 *     if (!reading_close(&reading))
 *         return HANDLED_NOW; */
#ifndef API_READING_H
#define API_READING_H

#include "base/form.h"
#include "http/request.h"

struct reading {
    struct request *request;
    struct faults faults;
    struct members members; /* of a plain body, for the form to read */
    struct form form;
};

/* The body as a JSON value that lives as long as the request. NULL: it is not JSON, and the request
 * has been answered. */
MUST_USE const json_t *reading_parse_body(struct request *request);

/* Opens a form over the body's object, or over the query's arguments (FORM_TEXTUAL). What is read
 * lives as long as the request. False: the request has been answered. */
MUST_USE bool reading_open_body(struct reading *reading, struct request *request);
/* The same over a document, which must live as long as the request. */
MUST_USE bool reading_open_document(struct reading *reading, struct request *request,
                                    const json_t *document);
MUST_USE bool reading_open_query(struct reading *reading, struct request *request);

/* Closes the form. False: there were faults, and the request has been answered. */
MUST_USE bool reading_close(struct reading *reading);

#endif
