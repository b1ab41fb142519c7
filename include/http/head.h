/* SPDX-License-Identifier: MIT
 *
 * Checks the head of a request for what RFC 9110 and RFC 9112 demand and libmicrohttpd does not
 * check. libmicrohttpd itself checks the framing, the names of fields and the number of Host
 * fields. Add every field, then ask. Pure. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http/target.h"

/* For target and fields together, counted as libmicrohttpd stores them. It has one pool for them
 * and for the answer's fields, and drops a connection whose answer does not fit. */
#define HEAD_BYTES_MAX 12288

struct head {
    const char *fault;      /* why the answer is 400, as a sentence; NULL: no fault */
    bool expects_unknown;   /* 417: Expect is not 100-continue */
    bool is_first_version;  /* HTTP/1.0, which knows no Expect */
    int64_t content_length; /* 0: none */
    size_t bytes;
};

void head_init(struct head *head, const char *method, const char *version,
               const struct target *target);

void head_add_field(struct head *head, struct text name, struct text value);

/* A transport_visit_fn for a query argument, whose text is part of the target; `context` is the
 * head. */
void head_on_argument(void *context, struct text name, struct text value);

/* Whether it is too large: 431. */
bool head_is_large(const struct head *head);

#endif
