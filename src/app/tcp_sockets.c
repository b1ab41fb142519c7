/* SPDX-License-Identifier: MIT */
#include "tcp_sockets.h"

#include "address_holder.h"
#include "socket_address.h"

#include <errno.h>
#include <unistd.h>

#define PORT_PRIVILEGED_MAX 1023

static int open_one(const struct sockaddr_storage *address, bool shares);
static int open_bound(const struct sockaddr_storage *address, bool shares);
static bool set_shared(int fd);
static int close_failed(int fd);
static bool refuse(int failure, const struct sockaddr_storage *address, struct error *error);
static bool can_be_shared(const struct sockaddr_storage *address);

bool tcp_sockets_open(int fds[], size_t count, struct sockaddr_storage *address, bool shares,
                      struct error *error)
{
    socklen_t length = sizeof(*address);

    for (size_t i = 0; i < count; i++) {
        fds[i] = open_one(address, shares || i > 0);
        if (fds[i] >= 0 && i == 0)
            ASSERT(getsockname(fds[0], (struct sockaddr *)address, &length) == 0);
        if (fds[i] >= 0)
            continue;
        (void)refuse(errno, address, error);
        while (i > 0)
            (void)close(fds[--i]);
        return false;
    }
    return true;
}

static int open_one(const struct sockaddr_storage *address, bool shares)
{
    int fd = open_bound(address, shares);

    if (fd < 0 || (listen(fd, SOMAXCONN) == 0 && (shares || set_shared(fd))))
        return fd;
    return close_failed(fd);
}

/* Without SO_REUSEADDR an address could not be bound while old connections to it end. */
static int open_bound(const struct sockaddr_storage *address, bool shares)
{
    static const int on = 1, off = 0;
    const bool is_ipv6 = address->ss_family == AF_INET6;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 ||
        ((!is_ipv6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0) &&
         setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
         (!shares || set_shared(fd)) &&
         bind(fd, (const struct sockaddr *)address, socket_address_length(address)) == 0))
        return fd;
    return close_failed(fd);
}

static bool set_shared(int fd)
{
    static const int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;
}

/* Keeps errno. */
static int close_failed(int fd)
{
    const int failure = errno;

    (void)close(fd);
    errno = failure;
    return -1;
}

/* Returns false. */
static bool refuse(int failure, const struct sockaddr_storage *address, struct error *error)
{
    char holder[ADDRESS_HOLDER_BYTES] = "";
    const char *advice = "";

    switch (failure) {
    case EADDRINUSE:
        address_holder_write(address, holder);
        if (can_be_shared(address))
            advice = "; if both are to serve there, set share_address: true";
        break;
    case EADDRNOTAVAIL:
        advice = ": this machine does not have it";
        break;
    case EACCES:
        if (socket_address_port(address) <= PORT_PRIVILEGED_MAX)
            advice = ": a port below 1024 needs CAP_NET_BIND_SERVICE";
        break;
    default:
        break;
    }
    return error_set(error, "%s%s%s%s", strerror(failure), holder[0] == '\0' ? "" : ",", holder,
                     advice);
}

/* Whether its holder is of this user, and lets others listen there, too. */
static bool can_be_shared(const struct sockaddr_storage *address)
{
    int fd = open_bound(address, true);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}
