/* SPDX-License-Identifier: MIT
 *
 * The address of one Redis server, as it is written: a name or a numeric address with a port, or
 * the path of a socket. Plain value. */
#ifndef REDIS_REDIS_ENDPOINT_H
#define REDIS_REDIS_ENDPOINT_H

#include "base/error.h"
#include "base/text.h"

#define REDIS_PORT_DEFAULT 6379

struct redis_endpoint {
    bool is_unix;
    char host[256]; /* or the path of the socket */
    int port;
};

/* Reads "host", "host:port" or "[address]:port". `error` does not repeat the text. */
MUST_USE bool redis_endpoint_parse(struct text text, int default_port,
                                   struct redis_endpoint *endpoint, struct error *error);

/* What a node of a cluster says of another: a name or a numeric address without brackets. If it is
 * unknown, which is "", NULL or "?", the host of `asked` is meant, which is who said it; also if it
 * is a loopback address, and `asked` is none. False changes nothing: it is no address. */
MUST_USE bool redis_endpoint_learn(struct text host, int64_t port,
                                   const struct redis_endpoint *asked,
                                   struct redis_endpoint *endpoint);

/* "127.0.0.1:6379", "[::1]:6379", or "unix:///path". */
#define REDIS_ENDPOINT_BYTES 272
void redis_endpoint_write(const struct redis_endpoint *endpoint,
                          char out[static REDIS_ENDPOINT_BYTES]);

bool redis_endpoint_equal(const struct redis_endpoint *a, const struct redis_endpoint *b);

#endif
