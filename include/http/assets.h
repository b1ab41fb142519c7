/* SPDX-License-Identifier: MIT
 *
 * Files embedded in the binary, each compressed by gzip, and as it is unless it is large. The build
 * makes the tables of them, entity tags included, so all of this is constant data: any thread. */
#ifndef HTTP_ASSETS_H
#define HTTP_ASSETS_H

#include "http/request.h"

enum asset_encoding { ASSET_IDENTITY, ASSET_GZIP, ASSET_ENCODING_COUNT };

struct asset_body {
    struct text content; /* absent: not embedded in this encoding, which only identity can be */
    const char *etag;    /* strong, quoted, a hash of `content`: each encoding has its own */
};

struct asset {
    const char *path; /* the URL path it is served at */
    const char *content_type;
    struct asset_body bodies[ASSET_ENCODING_COUNT];
};

/* The asset served at `path`, or NULL. `table` ends with a NULL path. */
const struct asset *assets_find(const struct asset table[], const char *path);

/* Answers 200 with the encoding the client likes best, 304 when If-None-Match names it, or 406. No
 * other site may load it into a page of its own. HTML gets the Content-Security-Policy (own scripts
 * only, none inline), shares no window with other sites and sends them no Referer. */
void assets_answer(struct request *request, const struct asset *asset);

/* The body that Accept-Encoding (RFC 9110 §12.5.3) likes best; gzip wins a tie. Of two bodies the
 * one in gzip is only for who asks for it. A body in gzip alone is also for who does not say what
 * coding it takes; all others get NULL. */
const struct asset_body *assets_choose(const struct asset *asset, struct text accept_encoding);

/* Whether If-None-Match (RFC 9110 §13.1.2) names `etag`, by weak comparison. */
bool assets_match(struct text if_none_match, const char *etag);

#endif
