/* SPDX-License-Identifier: MIT */
#include "socket_address.h"

#include "base/ip_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#define UNIX_PATH_BYTES_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

static const char unix_prefix[] = "unix:";

static bool parse_unix(const char *path, struct sockaddr_storage *storage, struct error *error);
static bool parse_ip(const char *text, struct sockaddr_storage *address);
static bool parse_ipv4(const char *host, uint16_t port, struct sockaddr_storage *storage);
static bool parse_ipv6(const char *host, uint16_t port, struct sockaddr_storage *storage);
static void write_unix(const struct sockaddr_storage *storage,
                       char out[static SOCKET_ADDRESS_BYTES]);
static bool takes(const struct ip_address *address, const struct ip_address *other);

bool socket_address_parse(const char *text, struct sockaddr_storage *address, struct error *error)
{
    if (text_starts_with(text_of(text), text_of(unix_prefix)))
        return parse_unix(text + strlen(unix_prefix), address, error);
    return parse_ip(text, address) || error_set(error, "must be " SOCKET_ADDRESS_TYPE);
}

/* Also reads "unix:///run/sluice.sock", which is how a redis_url is written. */
static bool parse_unix(const char *path, struct sockaddr_storage *storage, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    while (path[0] == '/' && path[1] == '/')
        path++;
    if (path[0] != '/' || path[strlen(path) - 1] == '/')
        return error_set(error, "must be unix: and a path from the root to a file, such as "
                                "unix:/run/sluice/sluice.sock");
    if (strlen(path) > UNIX_PATH_BYTES_MAX)
        return error_set(error, "the path of a socket may have %zu bytes, and this one has %zu",
                         UNIX_PATH_BYTES_MAX, strlen(path));
    memcpy(address.sun_path, path, strlen(path));
    *storage = (struct sockaddr_storage){0};
    memcpy(storage, &address, sizeof(address));
    return true;
}

static bool parse_ip(const char *text, struct sockaddr_storage *address)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    char host[INET6_ADDRSTRLEN + 2];
    int64_t port;

    if (length == 0 || length >= sizeof(host) || !text_parse_integer(text_of(colon + 1), &port) ||
        port < 0 || port > UINT16_MAX)
        return false;

    memcpy(host, text, length);
    host[length] = '\0';
    if (host[0] != '[')
        return parse_ipv4(host, (uint16_t)port, address);
    if (host[length - 1] != ']')
        return false;
    host[length - 1] = '\0';
    return parse_ipv6(host + 1, (uint16_t)port, address);
}

socklen_t socket_address_length(const struct sockaddr_storage *address)
{
    switch (address->ss_family) {
    case AF_UNIX:
        return sizeof(struct sockaddr_un);
    case AF_INET6:
        return sizeof(struct sockaddr_in6);
    default:
        return sizeof(struct sockaddr_in);
    }
}

in_port_t socket_address_port(const struct sockaddr_storage *address)
{
    switch (address->ss_family) {
    case AF_INET:
        return ntohs(((const struct sockaddr_in *)address)->sin_port);
    case AF_INET6:
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    default:
        return 0;
    }
}

bool socket_addresses_meet(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    const struct ip_address host_a = ip_address_of_socket((const struct sockaddr *)a);
    const struct ip_address host_b = ip_address_of_socket((const struct sockaddr *)b);

    if (a->ss_family == AF_UNIX || b->ss_family == AF_UNIX)
        return memcmp(a, b, sizeof(struct sockaddr_un)) == 0;
    return socket_address_port(a) == socket_address_port(b) &&
           (takes(&host_a, &host_b) || takes(&host_b, &host_a));
}

void socket_address_write(const struct sockaddr_storage *address,
                          char out[static SOCKET_ADDRESS_BYTES])
{
    const bool is_ipv6 = address->ss_family == AF_INET6;
    char host[SOCKET_ADDRESS_BYTES];

    if (address->ss_family == AF_UNIX) {
        write_unix(address, out);
        return;
    }
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
    if (address->ss_family == AF_UNIX)
        write_unix(address, out);
    else
        (void)inet_ntop(address->ss_family, host, out, SOCKET_ADDRESS_BYTES);
}

static void write_unix(const struct sockaddr_storage *storage,
                       char out[static SOCKET_ADDRESS_BYTES])
{
    const struct sockaddr_un *address = (const struct sockaddr_un *)storage;
    const bool is_abstract = address->sun_path[0] == '\0';

    (void)snprintf(out, SOCKET_ADDRESS_BYTES, "%s%s%.*s", unix_prefix, is_abstract ? "@" : "",
                   (int)(sizeof(address->sun_path) - is_abstract), address->sun_path + is_abstract);
}

static bool parse_ipv4(const char *host, uint16_t port, struct sockaddr_storage *storage)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return false;
    *storage = (struct sockaddr_storage){0};
    memcpy(storage, &address, sizeof(address));
    return true;
}

static bool parse_ipv6(const char *host, uint16_t port, struct sockaddr_storage *storage)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    if (inet_pton(AF_INET6, host, &address.sin6_addr) != 1)
        return false;
    *storage = (struct sockaddr_storage){0};
    memcpy(storage, &address, sizeof(address));
    return true;
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
