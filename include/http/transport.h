/* SPDX-License-Identifier: MIT
 *
 * What a request needs from the library that carries it. http_server.c implements it with
 * libmicrohttpd, a unit test with a table. */
#ifndef HTTP_TRANSPORT_H
#define HTTP_TRANSPORT_H

#include "base/text.h"

struct request;

/* Called for each query argument. The texts are borrowed for as long as the request lives. */
typedef void transport_visit_fn(void *context, struct text name, struct text value);

struct transport {
    /* Percent-decoded; an argument without "=" has an absent value. */
    void (*each_argument)(const struct request *request, void *context, transport_visit_fn *visit);
    /* The socket of its connection, open for as long as the request is WAITING. */
    int (*socket)(const struct request *request);
    /* From now on the request's connection belongs to this tenant. */
    void (*belong)(struct request *request, uint32_t tenant);
    /* The WAITING request has been answered. */
    void (*resume)(struct request *request);
    /* Its stream has more to read, or has ended. Also called before the transport knows of it. */
    void (*wake)(struct request *request);
};

#endif
