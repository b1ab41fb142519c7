/* SPDX-License-Identifier: MIT */
#include "base/ip_address.h"

#include "base/hash.h"

#include <arpa/inet.h>

#define IPV4_BYTE  (IP_ADDRESS_IPV4_BIT / 8)
#define SITE_BYTES (IP_ADDRESS_SITE_BITS / 8)

static const uint8_t mapped_prefix[IPV4_BYTE] = {[10] = 0xff, [11] = 0xff};

/* After these prefixes the last four bytes are an IPv4 address. */
static const struct {
    size_t bytes;
    uint8_t at[IPV4_BYTE];
} nat64_prefixes[] = {
    {96 / 8, {0x00, 0x64, 0xff, 0x9b}},
    {48 / 8, {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}},
};

static bool string_of(struct text text, char string[INET6_ADDRSTRLEN]);
static struct ip_address of_ipv4(const void *ipv4);
static struct ip_address of_ipv6(const struct in6_addr *ipv6);
static bool is_nat64(const struct in6_addr *ipv6);

bool ip_address_parse(struct text text, struct ip_address *address)
{
    char string[INET6_ADDRSTRLEN];
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (!string_of(text, string))
        return false;
    if (inet_pton(AF_INET, string, &ipv4) == 1) {
        *address = of_ipv4(&ipv4);
        return true;
    }
    if (inet_pton(AF_INET6, string, &ipv6) != 1)
        return false;
    *address = of_ipv6(&ipv6);
    return true;
}

bool ip_address_is_behind_nat64(struct text text)
{
    char string[INET6_ADDRSTRLEN];
    struct in6_addr ipv6;

    return string_of(text, string) && inet_pton(AF_INET6, string, &ipv6) == 1 && is_nat64(&ipv6);
}

bool ip_address_is_ipv4(const struct ip_address *address)
{
    return memcmp(address->bytes, mapped_prefix, IPV4_BYTE) == 0;
}

bool ip_address_is_loopback(const struct ip_address *address)
{
    static const struct ip_address loopback = {{[15] = 1}};

    if (ip_address_is_ipv4(address))
        return address->bytes[IPV4_BYTE] == IN_LOOPBACKNET;
    return memcmp(address, &loopback, sizeof(loopback)) == 0;
}

struct ip_address ip_address_of_socket(const struct sockaddr *socket)
{
    if (socket->sa_family == AF_INET) {
        struct sockaddr_in ipv4;

        memcpy(&ipv4, socket, sizeof(ipv4));
        return of_ipv4(&ipv4.sin_addr);
    }
    if (socket->sa_family == AF_INET6) {
        struct sockaddr_in6 ipv6;

        memcpy(&ipv6, socket, sizeof(ipv6));
        return of_ipv6(&ipv6.sin6_addr);
    }
    return (struct ip_address){0};
}

bool ip_address_is_none(const struct ip_address *address)
{
    static const struct ip_address none;

    return memcmp(address, &none, sizeof(none)) == 0;
}

struct ip_address ip_address_site(const struct ip_address *address)
{
    struct ip_address site = *address;

    if (!ip_address_is_ipv4(address))
        memset(site.bytes + SITE_BYTES, 0, sizeof(site.bytes) - SITE_BYTES);
    return site;
}

uint32_t ip_address_number(const struct ip_address *address)
{
    return (uint32_t)hash_text((struct text){(const char *)address->bytes, sizeof(address->bytes)});
}

void ip_address_write_site(const struct ip_address *address, char text[IP_ADDRESS_SITE_BYTES])
{
    struct ip_address site = ip_address_site(address);
    const char *written;

    if (ip_address_is_ipv4(address)) {
        written = inet_ntop(AF_INET, site.bytes + IPV4_BYTE, text, INET_ADDRSTRLEN);
        ASSERT(written != NULL);
        return;
    }
    written = inet_ntop(AF_INET6, site.bytes, text, INET6_ADDRSTRLEN);
    ASSERT(written != NULL);
    size_t length = strlen(text);
    (void)snprintf(text + length, IP_ADDRESS_SITE_BYTES - length, "/%d", IP_ADDRESS_SITE_BITS);
}

static bool string_of(struct text text, char string[INET6_ADDRSTRLEN])
{
    if (text.length == 0 || text.length >= INET6_ADDRSTRLEN ||
        memchr(text.at, '\0', text.length) != NULL)
        return false;
    memcpy(string, text.at, text.length);
    string[text.length] = '\0';
    return true;
}

static struct ip_address of_ipv4(const void *ipv4)
{
    struct ip_address address;

    memcpy(address.bytes, mapped_prefix, IPV4_BYTE);
    memcpy(address.bytes + IPV4_BYTE, ipv4, sizeof(struct in_addr));
    return address;
}

static struct ip_address of_ipv6(const struct in6_addr *ipv6)
{
    struct ip_address address;

    if (is_nat64(ipv6))
        return of_ipv4(&ipv6->s6_addr[IPV4_BYTE]);
    memcpy(address.bytes, ipv6, sizeof(address.bytes));
    return address;
}

static bool is_nat64(const struct in6_addr *ipv6)
{
    for (size_t i = 0; i < ARRAY_COUNT(nat64_prefixes); i++) {
        if (memcmp(ipv6, nat64_prefixes[i].at, nat64_prefixes[i].bytes) == 0)
            return true;
    }
    return false;
}
