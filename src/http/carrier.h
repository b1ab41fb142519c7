/* SPDX-License-Identifier: MIT
 *
 * An answer as libmicrohttpd sends it: body and fields of its own, and those that belong to the
 * connection. Private to exchange.c. Worker's thread. */
#ifndef HTTP_CARRIER_H
#define HTTP_CARRIER_H

#include "http/http_server.h"

#include <microhttpd.h>

/* Values of fields that are the same in all answers of a server. */
struct carrier_fields {
    char hsts[32];       /* Strict-Transport-Security, of pages; "": none */
    char keep_alive[32]; /* Keep-Alive, for clients who ask to be kept */
};

void carrier_fields_init(struct carrier_fields *fields, const struct http_server_options *options);

/* Of the answer that `request` has; its body is borrowed until that has left. `closes`: it ends its
 * connection. NULL when memory is short. The caller's to MHD_destroy_response(). */
MUST_USE struct MHD_Response *carrier_new(struct request *request,
                                          const struct carrier_fields *fields, bool closes);

#endif
