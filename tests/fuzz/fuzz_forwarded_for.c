/* SPDX-License-Identifier: MIT
 *
 * Which client a request comes from. The first line of the input has the trusted proxies, the
 * second has the socket's address, and the rest is X-Forwarded-For.
 *
 * The answer is the socket's address, or an address in the header. It is the socket's unless that
 * is trusted. Nothing that a client writes counts: only what the last trusted proxy adds on the
 * right decides. Limits count the answer by its /64, and the /64 of that is itself. */
#include "fuzz.h"

#include "auth/client_ip.h"

#include <arpa/inet.h>

static const char added[] = "198.51.100.77";   /* what a proxy adds on the right */
static const char another[] = "198.51.100.78"; /* only to find out whether an address is trusted */

static bool peer_parse(struct text text, struct sockaddr_storage *peer);
static struct ip_address find(const struct trusted_proxies *proxies,
                              const struct sockaddr_storage *peer, struct text header);
static bool is_trusted(const struct trusted_proxies *proxies, const char *address);
static bool stands_in(struct text header, const struct ip_address *address);
static bool hop_is(struct text hop, const struct ip_address *address);
static void check_site(const struct ip_address *address);
static struct ip_address address_of(const char *text);
static bool same(const struct ip_address *a, const struct ip_address *b);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text header = fuzz_text(data, size);
    struct text networks = text_cut(&header, '\n');
    struct text address = text_cut(&header, '\n');
    struct trusted_proxies proxies;
    struct sockaddr_storage peer = {0};
    struct error error = {0};

    if (!trusted_proxies_parse(networks, &proxies, &error)) {
        ASSERT(error.message[0] != '\0');
        return 0;
    }
    ASSERT(proxies.count <= TRUSTED_PROXIES_MAX);
    if (!peer_parse(address, &peer))
        return 0;

    struct ip_address alone = find(&proxies, &peer, text_of(NULL));
    struct ip_address found = find(&proxies, &peer, header);

    ASSERT(same(&found, &alone) || stands_in(header, &found));
    check_site(&found);
    if (is_trusted(&proxies, added))
        return 0;

    char extended[4096];
    int length = snprintf(extended, sizeof extended, "%.*s,%s", TEXT_PRINTF(header), added);
    struct ip_address proxied = find(&proxies, &peer, text_of(added));

    if (memchr(extended, '\0', sizeof extended) != extended + length ||
        strlen(extended) != header.length + strlen(added) + 1)
        return 0; /* too long, or with a NUL in the header, which libmicrohttpd never passes on */
    found = find(&proxies, &peer, text_of(extended));
    ASSERT(same(&found, &proxied));
    return 0;
}

/* An address of either family. Anything else means a unix socket. */
static bool peer_parse(struct text text, struct sockaddr_storage *peer)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    char string[INET6_ADDRSTRLEN];

    if (text.length >= sizeof string)
        return false;
    (void)snprintf(string, sizeof string, "%.*s", TEXT_PRINTF(text));
    if (inet_pton(AF_INET, string, &v4.sin_addr) == 1)
        memcpy(peer, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, string, &v6.sin6_addr) == 1)
        memcpy(peer, &v6, sizeof v6);
    else
        peer->ss_family = AF_UNIX;
    return true;
}

static struct ip_address find(const struct trusted_proxies *proxies,
                              const struct sockaddr_storage *peer, struct text header)
{
    return client_ip_find(proxies, (const struct sockaddr *)(const void *)peer, header);
}

/* Whether the header counts if the socket has this address. */
static bool is_trusted(const struct trusted_proxies *proxies, const char *address)
{
    struct ip_address expected = address_of(another);
    struct sockaddr_storage peer = {0};

    ASSERT(peer_parse(text_of(address), &peer));
    struct ip_address found = find(proxies, &peer, text_of(another));
    return same(&found, &expected);
}

static bool stands_in(struct text header, const struct ip_address *address)
{
    while (!text_is_absent(header)) {
        if (hop_is(text_trim(text_cut(&header, ',')), address))
            return true;
    }
    return false;
}

/* With or without brackets and port. */
static bool hop_is(struct text hop, const struct ip_address *address)
{
    char string[INET6_ADDRSTRLEN + sizeof("[]:65535")];

    if (hop.length == 0 || hop.length >= sizeof string)
        return false;
    (void)snprintf(string, sizeof string, "%.*s", TEXT_PRINTF(hop));

    char *host = string[0] == '[' ? string + 1 : string;
    char *end = string[0] == '[' ? strchr(host, ']') : strchr(host, ':');

    if (string[0] == '[' || (end != NULL && strchr(end + 1, ':') == NULL)) {
        if (end != NULL)
            *end = '\0';
    }
    struct ip_address read = address_of(host);
    return same(&read, address);
}

static void check_site(const struct ip_address *address)
{
    struct ip_address site = ip_address_site(address);
    struct ip_address again = ip_address_site(&site);
    ASSERT(same(&site, &again) && memcmp(site.bytes, address->bytes, 8) == 0);
}

/* "::" if the text is not an address. */
static struct ip_address address_of(const char *text)
{
    static const uint8_t nat64[] = {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t nat64_local[] = {0, 0x64, 0xff, 0x9b, 0, 1};
    struct ip_address ipv4 = {{[10] = 0xff, [11] = 0xff}};
    struct ip_address ipv6 = {0};

    if (inet_pton(AF_INET, text, ipv4.bytes + 12) == 1)
        return ipv4;
    if (inet_pton(AF_INET6, text, ipv6.bytes) != 1)
        return (struct ip_address){0};
    memcpy(ipv4.bytes + 12, ipv6.bytes + 12, 4);
    return memcmp(ipv6.bytes, nat64, sizeof nat64) == 0 ||
                   memcmp(ipv6.bytes, nat64_local, sizeof nat64_local) == 0
               ? ipv4
               : ipv6;
}

static bool same(const struct ip_address *a, const struct ip_address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
