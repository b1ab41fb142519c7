/* SPDX-License-Identifier: MIT
 *
 * What a flooder asks, read from a file: requests, each of which ends with a NUL. */
#ifndef FAULT_FLOOD_REQUESTS_H
#define FAULT_FLOOD_REQUESTS_H

#include "support/hello.h"

/* A request that is this word alone is what a client of TLS says first. */
#define FLOOD_HELLO "hello"

/* In the file: a number that no other request has had, and that of the connection. */
#define FLOOD_NUMBER     "########"
#define FLOOD_CONNECTION "@@@@@@@@"

struct flood_request {
    char *bytes;
    size_t length;
    size_t number_count;
    char **numbers; /* where in `bytes` */
    size_t connection_count;
    char **connections;
};

struct flood_requests {
    char *text;
    struct hello hello;
    size_t count; /* at least 1 */
    struct flood_request *at;
};

/* False when there is no such file, or no request in it. */
MUST_USE bool flood_requests_read(struct flood_requests *requests, const char *path);
void flood_requests_free(struct flood_requests *requests);

/* Puts the numbers in their places. */
void flood_request_fill(const struct flood_request *request, unsigned number, unsigned connection);

#endif
