/* SPDX-License-Identifier: MIT
 *
 * The request target as it comes (RFC 9112 §3.2): a path with its query, the same behind
 * "http://host", or "*". Pure. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "base/text.h"

struct target {
    const char *fault; /* why it is none of these, as a sentence; NULL: it is one */
    struct text host;  /* of the absolute form; absent in the others */
    size_t path_at;    /* where the path begins */
    bool has_query;
    size_t bytes;
};

/* `host` points into `raw`. */
void target_parse(struct text raw, struct target *target);

#endif
