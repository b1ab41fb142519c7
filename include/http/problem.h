/* SPDX-License-Identifier: MIT
 *
 * Errors as application/problem+json (RFC 9457). The table in problem.c lists all that Sluice
 * refuses. A test compares the OpenAPI document with it. */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "base/faults.h"
#include "base/text.h"
#include "base/writer.h"
#include "http/request.h"

enum problem {
    PROBLEM_BAD_REQUEST,         /* 400: framing */
    PROBLEM_BAD_JSON,            /* 400 */
    PROBLEM_NO_KEY,              /* 401 */
    PROBLEM_BAD_KEY,             /* 401 */
    PROBLEM_ADMIN_TOKEN,         /* 401 */
    PROBLEM_REGISTRATION_CLOSED, /* 403 */
    PROBLEM_TOO_MANY_APPS,       /* 403: there are apps_max */
    PROBLEM_SUSPENDED,           /* 403: the operator has suspended the app */
    PROBLEM_FOREIGN_PAGE,        /* 403: a browser's request for another site's page */
    PROBLEM_NO_ROUTE,            /* 404 */
    PROBLEM_NO_POLICY,           /* 404 */
    PROBLEM_METHOD,              /* 405 */
    PROBLEM_NOT_ACCEPTABLE,      /* 406: a file that is there only compressed */
    PROBLEM_TOO_MANY_POLICIES,   /* 409 */
    PROBLEM_TOO_LARGE,           /* 413 */
    PROBLEM_MEDIA_TYPE,          /* 415 */
    PROBLEM_EXPECTATION,         /* 417 */
    PROBLEM_INVALID,             /* 422 */
    PROBLEM_TOO_MANY_REQUESTS,   /* 429: the limits of the management routes */
    PROBLEM_QUOTA,               /* 429: the app has its maximum of something */
    PROBLEM_HEADERS_TOO_LARGE,   /* 431 */
    PROBLEM_OVERLOADED,          /* 503 */
    PROBLEM_UNAVAILABLE,         /* 503: the catalogue or the log cannot be reached */
    PROBLEM_COUNT
};

struct problem_row {
    int status;
    const char *type;  /* URI reference */
    const char *title; /* the same for every occurrence */
};

const struct problem_row *problem_row(enum problem problem);

/* An answer in three steps, for a problem with members of its own: begin its object; write the
 * members of the problem, and then others; end it and answer. The buffer and the writer are the
 * caller's, what they hold is the request's. */
void problem_begin(struct request *request, struct buffer *body, struct writer *writer);
void problem_end(struct request *request, enum problem problem, struct writer *writer);

/* Writes the members of a problem into an object that the caller has begun. */
void problem_write(enum problem problem, const char *detail, struct writer *writer);

/* Answers with the problem; `detail` says what happened this time. A 401 has WWW-Authenticate, a
 * 503 has a Retry-After of 1 s. Fields that were added to the request before stay. */
void problem_answer(struct request *request, enum problem problem, const char *detail, ...)
    PRINTF_LIKE(3, 4);

/* Writes the members of PROBLEM_INVALID: the first fault is the detail, and all faults are in
 * `errors`. */
void problem_write_faults(const struct faults *faults, struct writer *writer);

/* Answers 422 with one entry in `errors` per fault. */
void problem_answer_faults(struct request *request, const struct faults *faults);

#endif
