/* SPDX-License-Identifier: MIT */
#include "app/listener.h"

#include "base/log.h"
#include "socket_address.h"
#include "systemd.h"
#include "tcp_sockets.h"
#include "unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool open_tcp(struct listener *listener, const struct listener_options *options,
                     struct error *error);
static bool open_path(struct listener *listener, const struct listener_options *options,
                      struct error *error);
static bool use_passed(struct listener *listener, int fd, size_t servers, struct error *error);
static bool duplicate(struct listener *listener, int fd, size_t servers, struct error *error);

bool listener_open(struct listener *listener, const struct listener_options *options,
                   struct error *error)
{
    char address[SOCKET_ADDRESS_BYTES];

    *listener = (struct listener){.address = *options->address, .group.servers = options->servers};
    if (listener->address.ss_family == AF_UNIX ? open_path(listener, options, error)
                                               : open_tcp(listener, options, error))
        return true;
    socket_address_write(options->address, address);
    return error_set(error, "%s: cannot listen at %s: %s", options->setting, address,
                     error->message);
}

bool listener_find(struct listener *listener, const struct listener_options *options,
                   struct error *error)
{
    int fd;

    if (!systemd_find_listener(&fd, error))
        return false;
    if (fd >= 0)
        return use_passed(listener, fd, options->servers, error);
    return listener_open(listener, options, error);
}

int listener_take(struct listener *listener)
{
    ASSERT(listener->taken < listener->count);
    return listener->fds[listener->taken++];
}

void listener_hide(struct listener *listener)
{
    unix_socket_remove(&listener->file);
}

void listener_close(struct listener *listener)
{
    listener_hide(listener);
    while (listener->taken < listener->count)
        (void)close(listener_take(listener));
}

const struct sockaddr *listener_address(const struct listener *listener)
{
    return (const struct sockaddr *)&listener->address;
}

void listener_write(const struct listener *listener, char out[static LISTENER_TEXT_BYTES])
{
    socket_address_write(&listener->address, out);
}

void listener_write_host(const struct listener *listener, char out[static LISTENER_TEXT_BYTES])
{
    socket_address_write_host(&listener->address, out);
}

int listener_port(const struct listener *listener)
{
    return socket_address_port(&listener->address);
}

static bool open_tcp(struct listener *listener, const struct listener_options *options,
                     struct error *error)
{
    listener->share = LISTEN_OWN;
    if (!tcp_sockets_open(listener->fds, options->servers, &listener->address, options->shares,
                          error))
        return false;
    listener->count = options->servers;
    return true;
}

static bool open_path(struct listener *listener, const struct listener_options *options,
                      struct error *error)
{
    const struct sockaddr_un *address = (const struct sockaddr_un *)&listener->address;
    int fd = unix_socket_open(&listener->file, address, options->socket_mode, error);

    listener->share = LISTEN_SHARED;
    if (fd < 0)
        return false;
    if (duplicate(listener, fd, options->servers - 1, error)) {
        listener->fds[listener->count++] = fd;
        return true;
    }
    (void)close(fd);
    return false;
}

static bool use_passed(struct listener *listener, int fd, size_t servers, struct error *error)
{
    socklen_t length = sizeof(listener->address);

    *listener = (struct listener){.share = LISTEN_PASSED, .group.servers = servers};
    ASSERT(getsockname(fd, (struct sockaddr *)&listener->address, &length) == 0);
    log_write(LOG_INFO, "socket passed", LOG_STRING("instead_of", "listen"));
    return duplicate(listener, fd, servers, error);
}

/* Duplicates share the flags of the socket. */
static bool duplicate(struct listener *listener, int fd, size_t servers, struct error *error)
{
    while (listener->count < servers) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

        if (copy < 0) {
            (void)error_set(error, "cannot use one socket in all workers: %s", strerror(errno));
            listener_close(listener);
            return false;
        }
        listener->fds[listener->count++] = copy;
    }
    return true;
}
