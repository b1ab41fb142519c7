/* SPDX-License-Identifier: MIT */
#include "tcp_sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

static int open_one(const struct sockaddr *address, socklen_t length);
static bool listens(int fd, const struct sockaddr *address, socklen_t length);

bool tcp_sockets_open(int fds[], size_t count, struct sockaddr_storage *address, socklen_t length,
                      struct error *error)
{
    struct sockaddr *at = (struct sockaddr *)address;

    for (size_t i = 0; i < count; i++) {
        fds[i] = open_one(at, length);
        if (fds[i] >= 0 && i == 0)
            ASSERT(getsockname(fds[0], at, &length) == 0);
        if (fds[i] >= 0)
            continue;
        (void)error_set(error, "cannot listen there: %s", strerror(errno));
        while (i > 0)
            (void)close(fds[--i]);
        return false;
    }
    return true;
}

static int open_one(const struct sockaddr *address, socklen_t length)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || listens(fd, address, length))
        return fd;

    int failure = errno;
    (void)close(fd);
    errno = failure;
    return -1;
}

static bool listens(int fd, const struct sockaddr *address, socklen_t length)
{
    static const int on = 1, off = 0;

    if (address->sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return false;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
           bind(fd, address, length) == 0 && listen(fd, SOMAXCONN) == 0;
}
