/* SPDX-License-Identifier: MIT */
#include "app/listener.h"

#include "base/log.h"
#include "systemd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void warn_when_shared(const struct listener *listener);
static in_port_t *port_of(struct sockaddr_storage *address);

bool listener_find(struct listener *listener, const struct settings *settings, struct error *error)
{
    *listener = (struct listener){.address = settings->listen, .length = settings->listen_length};
    if (!systemd_find_listener(&listener->fd, error))
        return false;
    if (listener->fd < 0) {
        warn_when_shared(listener);
        return true;
    }
    listener->address = (struct sockaddr_storage){0};
    listener->length = sizeof listener->address;
    ASSERT(getsockname(listener->fd, (struct sockaddr *)&listener->address, &listener->length) ==
           0);
    log_write(LOG_INFO, "socket passed", LOG_STRING("instead_of", "listen"));
    return true;
}

void listener_bound(struct listener *listener, int port)
{
    *port_of(&listener->address) = htons((in_port_t)port);
}

const struct sockaddr *listener_address(const struct listener *listener)
{
    return (const struct sockaddr *)&listener->address;
}

int listener_duplicate(const struct listener *listener)
{
    int fd;

    if (listener->fd < 0)
        return -1;
    fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
    ASSERT(fd >= 0);
    return fd;
}

void listener_write_address(const struct listener *listener, char out[static LISTENER_TEXT_BYTES])
{
    const struct sockaddr_storage *address = &listener->address;
    const void *host = address->ss_family == AF_INET6
                           ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                           : (const void *)&((const struct sockaddr_in *)address)->sin_addr;

    out[0] = '\0';
    (void)inet_ntop(address->ss_family, host, out, LISTENER_TEXT_BYTES);
}

int listener_port(const struct listener *listener)
{
    struct sockaddr_storage address = listener->address;

    return ntohs(*port_of(&address));
}

/* Workers share the port, so another process of the same user may share it, too. That is right
 * while one instance takes over from another, and a mistake at other times. */
static void warn_when_shared(const struct listener *listener)
{
    int fd = socket(listener->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&listener->address, listener->length) != 0 &&
        errno == EADDRINUSE)
        log_write(LOG_WARN, "another process has this address, too", LOG_NONE);
    (void)close(fd);
}

static in_port_t *port_of(struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? &((struct sockaddr_in6 *)address)->sin6_port
                                          : &((struct sockaddr_in *)address)->sin_port;
}
