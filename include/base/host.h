/* SPDX-License-Identifier: MIT
 *
 * A host as Host, Origin and URLs have it: "limits.example.org", "127.0.0.1:8080",
 * "[::1]:8080". Pure. */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include "base/error.h"
#include "base/text.h"

#define HOST_PORT_HTTP  80
#define HOST_PORT_HTTPS 443

struct host {
    struct text name; /* with the brackets of an IPv6 address */
    int port;         /* 0: not given, which means either of the two above */
};

/* False, and *host is empty, for anything else. */
MUST_USE bool host_parse(struct text text, struct host *host);

/* Compares names without regard to case, and otherwise as they are written. */
bool host_equal(const struct host *a, const struct host *b);

#define HOST_LIST_BYTES_MAX 1023

/* Hosts separated by commas, each of them valid; "" for none. A plain value. */
struct host_list {
    char text[HOST_LIST_BYTES_MAX + 1];
};

/* "limits.example.org, localhost:8080"; "" is the empty list. */
MUST_USE bool host_list_parse(struct text text, struct host_list *list, struct error *error);

bool host_list_is_empty(const struct host_list *list);
bool host_list_has(const struct host_list *list, const struct host *host);

#endif
