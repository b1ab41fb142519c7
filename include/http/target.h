/* SPDX-License-Identifier: MIT
 *
 * The request target as it comes (RFC 9112 §3.2): a path with its query, the same after
 * "http://host", or "*". Pure. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "base/text.h"

struct target {
    const char *fault; /* why it is none of these, as a sentence; NULL: no fault */
    struct text host;  /* of the absolute form; else absent */
    size_t path_at;    /* where the path begins */
    bool has_query;
    size_t bytes;
};

/* `host` points into `raw`. */
void target_parse(struct text raw, struct target *target);

#endif
