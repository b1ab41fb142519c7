/* SPDX-License-Identifier: MIT
 *
 * Whose page has a browser send a request. Any page may have one POST to any address that the
 * browser reaches, localhost too: the page does not get to read the answer, but what the request
 * changes is changed. Browsers say where such a request comes from. Pure. */
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
 * Programs send neither Sec-Fetch-Site nor Origin; browsers send one with whatever may change
 * something. Sec-Fetch-Site decides where it is there. Browsers send it over TLS and to localhost
 * only, so without it Origin must name the host that Host names, or one of `hosts`.
 *
 * Who points a name at this service's address has pages that look like ours. So where `hosts` are
 * given, Host must be one of them. */
bool page_origin_is_ours(const struct page_origin *page, const struct host_list *hosts);

#endif
