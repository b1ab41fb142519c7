/* SPDX-License-Identifier: MIT
 *
 * Connections that were answered and ended before their whole request had come. Private to
 * http_server.c. Worker's thread.
 *
 * A socket that is closed while bytes still come in is reset. A client that was refused in the
 * middle of a body may then never see why (RFC 9112 §9.6). A proxy takes the instance for broken,
 * and sends it no requests for a while. So the bytes that still come are dropped until the client
 * closes, too, or some seconds have passed. */
#ifndef HTTP_LINGERERS_H
#define HTTP_LINGERERS_H

#include "base/tenant_map.h"

#include <sys/queue.h>

struct event_base;
struct lingerer;

TAILQ_HEAD(lingerer_list, lingerer);

struct lingerers {
    struct event_base *base;
    struct lingerer_list list; /* there for longest first */
    size_t count;
    struct tenant_map held; /* how many of them each tenant has */
};

void lingerers_init(struct lingerers *lingerers, struct event_base *base);
/* Closes them all. */
void lingerers_close(struct lingerers *lingerers);

/* Ends our side of the connection, and drops what the client still sends. The caller closes `fd`.
 * When there are many, the tenant that has most loses the one that has been there for longest. */
void lingerers_add(struct lingerers *lingerers, int fd, uint32_t tenant);

#endif
