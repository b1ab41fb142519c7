/* SPDX-License-Identifier: MIT
 *
 * Finds the row of the route table that serves a method and path. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/request.h"

/* What a route demands of its caller besides a well-formed request. */
enum route_access {
    ROUTE_PUBLIC, /* nothing */
    ROUTE_APP     /* X-API-Key */
};

/* The limit that a route's calls are charged to: see api/guard.h. */
enum route_guard { ROUTE_UNLIMITED, ROUTE_REGISTERING, ROUTE_MANAGING };

enum route_body { BODY_NONE, BODY_JSON, BODY_OPTIONAL };

/* Whether the handler reads the query. QUERY_OR_BODY: only when there is no body. */
enum route_query { QUERY_NONE, QUERY_READ, QUERY_OR_BODY };

struct route {
    const char *method; /* GET also serves HEAD */
    const char *path;   /* exact */
    enum route_access access;
    enum route_guard guard;
    enum route_body body;
    enum route_query query;
    size_t body_bytes_max;
    enum handled (*handle)(struct request *request, void *context);
    const char *summary; /* the same as in the OpenAPI document */
};

struct route_table {
    const struct route *rows;
    size_t count;
};

/* The row, or NULL. */
const struct route *router_find(const struct route_table *table, const char *method,
                                const char *path);

/* Whether it takes the method. Does not look at its path. */
bool router_serves(const struct route *route, const char *method);

/* GET or HEAD. */
bool router_reads(const char *method);

/* The methods of a path, like "GET, HEAD, POST", or NULL when no row has it. In `arena`. */
const char *router_allow(const struct route_table *table, const char *path, struct arena *arena);

#endif
