/* SPDX-License-Identifier: MIT
 *
 * Request framing (RFC 9112 §3.2, §6) that libmicrohttpd 0.9.75 lets through and that proxies
 * read differently: the stuff of request smuggling. Told of every header field, then asked.
 * Pure. */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include "base/text.h"

/* Of the request's target and fields, counted as libmicrohttpd stores them: it needs room for them
 * and for the answer's fields in one pool, and drops a connection whose answer does not fit. */
#define FRAMING_BYTES_MAX 8192

struct framing {
    bool host_required; /* HTTP/1.1 */
    bool is_chunked;
    int64_t content_length; /* 0 when there is none */
    int host_count;
    int content_length_count;
    int transfer_encoding_count;
    size_t bytes;
    bool name_malformed;
    bool content_length_malformed;
    bool transfer_encoding_unknown;
};

/* `target_bytes`: of the request target as it came. */
void framing_init(struct framing *framing, bool host_required, size_t target_bytes);

void framing_add_header(struct framing *framing, struct text name, struct text value);

/* A transport_visit_fn for a query argument, whose text is part of the target; `context` is the
 * framing. */
void framing_on_argument(void *context, struct text name, struct text value);

/* Whether there is too much of it: 431. */
bool framing_is_large(const struct framing *framing);

/* Why the request must be refused with 400 and the connection closed, as a sentence; NULL when
 * it is fine. */
const char *framing_fault(const struct framing *framing);

#endif
