/* SPDX-License-Identifier: MIT
 *
 * Files embedded in the binary. Each is there compressed by gzip, and also as it is unless it is
 * large. The build makes their tables, with entity tags, so all of this is constant data: any
 * thread. */
#ifndef HTTP_ASSETS_H
#define HTTP_ASSETS_H

#include "http/request.h"

enum asset_encoding { ASSET_IDENTITY, ASSET_GZIP, ASSET_ENCODING_COUNT };

struct asset_body {
    struct text content; /* absent: not embedded in this encoding; only identity may be */
    const char *etag;    /* strong, quoted, a hash of `content`: each encoding has its own */
};

struct asset {
    const char *path; /* the URL path that serves it */
    const char *content_type;
    bool styles_inline; /* a page whose scripts write style attributes */
    struct asset_body bodies[ASSET_ENCODING_COUNT];
};

/* The asset served at `path`, or NULL. `table` ends with a NULL path. */
const struct asset *assets_find(const struct asset table[], const char *path);

/* Answers 200 with the encoding that the client prefers, 304 if If-None-Match names it, or 406. No
 * other site may load it into its own page. HTML gets the Content-Security-Policy (own scripts and
 * styles only; none inline, except styles where the page needs them), shares no window with other
 * sites, and sends them no Referer. Browsers keep large files for an hour, and ask for all others
 * each time. */
void assets_answer(struct request *request, const struct asset *asset);

/* The body that Accept-Encoding (RFC 9110 §12.5.3) prefers; gzip wins a tie. If there are two
 * bodies, gzip is only for clients that ask for it. If there is only gzip, it is also for clients
 * without Accept-Encoding. All others get NULL. */
const struct asset_body *assets_choose(const struct asset *asset, struct text accept_encoding);

/* Whether If-None-Match (RFC 9110 §13.1.2) names `etag`, by weak comparison. */
bool assets_match(struct text if_none_match, const char *etag);

#endif
