/* SPDX-License-Identifier: MIT */
#include "socket_address.h"

#include "base/ip_address.h"

#include <arpa/inet.h>

static socklen_t parse_ipv4(const char *host, uint16_t port, struct sockaddr_storage *storage);
static socklen_t parse_ipv6(const char *host, uint16_t port, struct sockaddr_storage *storage);
static bool takes(const struct ip_address *address, const struct ip_address *other);

socklen_t socket_address_parse(const char *text, struct sockaddr_storage *address)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    char host[INET6_ADDRSTRLEN + 2];
    int64_t port;

    if (length == 0 || length >= sizeof(host) || !text_parse_integer(text_of(colon + 1), &port) ||
        port < 0 || port > UINT16_MAX)
        return 0;

    memcpy(host, text, length);
    host[length] = '\0';
    if (host[0] != '[')
        return parse_ipv4(host, (uint16_t)port, address);
    if (host[length - 1] != ']')
        return 0;
    host[length - 1] = '\0';
    return parse_ipv6(host + 1, (uint16_t)port, address);
}

socklen_t socket_address_length(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

in_port_t socket_address_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                                : ((const struct sockaddr_in *)address)->sin_port);
}

bool socket_addresses_meet(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    const struct ip_address host_a = ip_address_of_socket((const struct sockaddr *)a);
    const struct ip_address host_b = ip_address_of_socket((const struct sockaddr *)b);

    return socket_address_port(a) == socket_address_port(b) &&
           (takes(&host_a, &host_b) || takes(&host_b, &host_a));
}

void socket_address_write(const struct sockaddr_storage *address,
                          char out[static SOCKET_ADDRESS_BYTES])
{
    const bool is_ipv6 = address->ss_family == AF_INET6;
    char host[SOCKET_ADDRESS_BYTES];

    socket_address_write_host(address, host);
    (void)snprintf(out, SOCKET_ADDRESS_BYTES, "%s%.46s%s:%d", is_ipv6 ? "[" : "", host,
                   is_ipv6 ? "]" : "", socket_address_port(address));
}

void socket_address_write_host(const struct sockaddr_storage *address,
                               char out[static SOCKET_ADDRESS_BYTES])
{
    const void *host = address->ss_family == AF_INET6
                           ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                           : (const void *)&((const struct sockaddr_in *)address)->sin_addr;

    out[0] = '\0';
    (void)inet_ntop(address->ss_family, host, out, SOCKET_ADDRESS_BYTES);
}

static socklen_t parse_ipv4(const char *host, uint16_t port, struct sockaddr_storage *storage)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return 0;
    memcpy(storage, &address, sizeof(address));
    return sizeof(address);
}

static socklen_t parse_ipv6(const char *host, uint16_t port, struct sockaddr_storage *storage)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    if (inet_pton(AF_INET6, host, &address.sin6_addr) != 1)
        return 0;
    memcpy(storage, &address, sizeof(address));
    return sizeof(address);
}

static bool takes(const struct ip_address *address, const struct ip_address *other)
{
    static const struct ip_address any_ipv6;
    struct ip_address any_ipv4;

    if (memcmp(address, other, sizeof(*address)) == 0 ||
        memcmp(address, &any_ipv6, sizeof(*address)) == 0)
        return true;
    return ip_address_parse(TEXT("0.0.0.0"), &any_ipv4) &&
           memcmp(address, &any_ipv4, sizeof(*address)) == 0 && ip_address_is_ipv4(other);
}
