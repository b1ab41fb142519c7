/* SPDX-License-Identifier: MIT */
#include "auth/page_origin.h"

static bool site_is_ours(struct text site);
static bool origin_parse(struct text origin, struct host *host);

bool page_origin_is_ours(const struct page_origin *page, const struct host_list *hosts)
{
    struct host host;
    struct host origin;
    bool has_host = host_parse(text_trim(page->host), &host);

    if (text_is_absent(page->sec_fetch_site) && text_is_absent(page->origin))
        return true;
    if (!host_list_is_empty(hosts) && !(has_host && host_list_has(hosts, &host)))
        return false;
    if (!text_is_absent(page->sec_fetch_site))
        return site_is_ours(text_trim(page->sec_fetch_site));
    return origin_parse(text_trim(page->origin), &origin) &&
           (host_equal(&origin, &host) || host_list_has(hosts, &origin));
}

/* none: the user typed the address, or opened a bookmark. */
static bool site_is_ours(struct text site)
{
    return text_equal(site, TEXT("same-origin")) || text_equal(site, TEXT("none"));
}

/* "https://limits.example.org:8443" (RFC 6454 §7). "null" is the origin of pages that belong to no
 * site. */
static bool origin_parse(struct text origin, struct host *host)
{
    static const struct {
        struct text start;
        int port;
    } schemes[] = {{{"http://", 7}, HOST_PORT_HTTP}, {{"https://", 8}, HOST_PORT_HTTPS}};

    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        struct text start = schemes[i].start;

        if (origin.length < start.length ||
            !text_equal_ignoring_case((struct text){origin.at, start.length}, start))
            continue;
        if (!host_parse((struct text){origin.at + start.length, origin.length - start.length},
                        host))
            return false;
        if (host->port == 0)
            host->port = schemes[i].port;
        return true;
    }
    return false;
}
