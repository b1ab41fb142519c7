/* SPDX-License-Identifier: MIT
 *
 * An answer as libmicrohttpd sends it: its body and fields, and the fields of the connection.
 * Private to exchange.c. Worker's thread. */
#ifndef HTTP_CARRIER_H
#define HTTP_CARRIER_H

#include "http/http_server.h"

#include <microhttpd.h>

struct outlet;

/* Field values that are the same in all answers of a server. */
struct carrier_fields {
    char hsts[32];       /* Strict-Transport-Security, for pages; "": none */
    char keep_alive[32]; /* Keep-Alive, for clients that ask for it */
};

void carrier_fields_init(struct carrier_fields *fields, const struct http_server_options *options);

/* The response for the request's answer, whose body is borrowed until it has left. `outlet`: of its
 * stream; NULL: the body is a text. `closes`: it ends its connection. NULL when memory is short.
 * The caller must MHD_destroy_response() it. */
MUST_USE struct MHD_Response *carrier_new(struct request *request, struct outlet *outlet,
                                          const struct carrier_fields *fields, bool closes);

#endif
