/* SPDX-License-Identifier: MIT
 *
 * Which page made a browser send a request. Any page can make it POST to any address that it
 * reaches, localhost too. The page cannot read the answer, but the request has had its effect.
 * Browsers say which page such a request comes from. Pure. */
#ifndef AUTH_PAGE_ORIGIN_H
#define AUTH_PAGE_ORIGIN_H

#include "base/host.h"

/* The header fields of these names; absent where there is none, several joined with ", ". */
struct page_origin {
    struct text sec_fetch_site;
    struct text origin;
    struct text host;
};

/* Whether the request comes from a program, from a browser's user, or from a page of this service.
 *
 * Programs send neither Sec-Fetch-Site nor Origin; browsers send one with each request that may
 * change something. Sec-Fetch-Site decides when it is present. Browsers send it over TLS and to
 * localhost only, so without it Origin must name the host that Host names, or one of `hosts`.
 *
 * A stranger may point a name of his own at this service's address; his pages then look like ours.
 * So when `hosts` are given, Host must be one of them. */
bool page_origin_is_ours(const struct page_origin *page, const struct host_list *hosts);

#endif
