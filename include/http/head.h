/* SPDX-License-Identifier: MIT
 *
 * The head of a request: what RFC 9110 and RFC 9112 demand of it and libmicrohttpd does not see to.
 * Framing, the names of fields and the number of Host fields are its own affair. Feed it every
 * field, then ask. Pure. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http/target.h"

/* Of target and fields, counted as libmicrohttpd stores them: it needs room for them and for the
 * answer's fields in one pool, and drops a connection whose answer does not fit. */
#define HEAD_BYTES_MAX 12288

struct head {
    const char *fault;      /* why it is answered 400, as a sentence; NULL: it is sound */
    bool expects_unknown;   /* 417: Expect has something else than 100-continue */
    bool is_first_version;  /* HTTP/1.0, which knows no Expect */
    int64_t content_length; /* 0 when there is none */
    size_t bytes;
};

void head_init(struct head *head, const char *method, const char *version,
               const struct target *target);

void head_add_field(struct head *head, struct text name, struct text value);

/* A transport_visit_fn for a query argument, whose text is part of the target; `context` is the
 * head. */
void head_on_argument(void *context, struct text name, struct text value);

/* Whether there is too much of it: 431. */
bool head_is_large(const struct head *head);

#endif
