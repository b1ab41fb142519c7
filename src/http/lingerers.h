/* SPDX-License-Identifier: MIT
 *
 * Connections that have been answered and ended before all of a request had come. Private to
 * http_server.c. Worker's thread.
 *
 * A socket that is closed while something still comes in is reset, and then whoever was refused in
 * the middle of a body may never see why (RFC 9112 §9.6); a proxy takes the instance for broken,
 * and sends nobody there for a while. So what comes is dropped until the client closes, too, or
 * some seconds have passed. */
#ifndef HTTP_LINGERERS_H
#define HTTP_LINGERERS_H

#include "base/tenant_map.h"

#include <sys/queue.h>

struct event_base;
struct lingerer;

TAILQ_HEAD(lingerer_list, lingerer);

struct lingerers {
    struct event_base *base;
    struct lingerer_list list; /* for longest first */
    size_t count;
    struct tenant_map held; /* how many of them each tenant has */
};

void lingerers_init(struct lingerers *lingerers, struct event_base *base);
/* Closes them all. */
void lingerers_close(struct lingerers *lingerers);

/* Has the client see the end of what we say, and takes what it still says from there on. The caller
 * closes `fd`. When there are many, the tenant that has most loses the one that has been there for
 * longest. */
void lingerers_add(struct lingerers *lingerers, int fd, uint32_t tenant);

#endif
