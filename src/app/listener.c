/* SPDX-License-Identifier: MIT */
#include "app/listener.h"

#include "base/log.h"
#include "socket_address.h"
#include "systemd.h"
#include "tcp_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool use_passed(struct listener *listener, int fd, size_t servers, struct error *error);

bool listener_open(struct listener *listener, const struct listener_options *options,
                   struct error *error)
{
    char address[SOCKET_ADDRESS_BYTES];

    *listener = (struct listener){.address = *options->address, .share = LISTEN_OWN};
    if (tcp_sockets_open(listener->fds, options->servers, &listener->address, options->shares,
                         error)) {
        listener->count = options->servers;
        return true;
    }
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

void listener_close(struct listener *listener)
{
    while (listener->taken < listener->count)
        (void)close(listener_take(listener));
}

const struct sockaddr *listener_address(const struct listener *listener)
{
    return (const struct sockaddr *)&listener->address;
}

void listener_write_address(const struct listener *listener, char out[static LISTENER_TEXT_BYTES])
{
    socket_address_write_host(&listener->address, out);
}

int listener_port(const struct listener *listener)
{
    return socket_address_port(&listener->address);
}

/* Duplicates share the flags of the socket passed. */
static bool use_passed(struct listener *listener, int fd, size_t servers, struct error *error)
{
    socklen_t length = sizeof(listener->address);

    *listener = (struct listener){.share = LISTEN_PASSED};
    ASSERT(getsockname(fd, (struct sockaddr *)&listener->address, &length) == 0);
    while (listener->count < servers) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

        if (copy < 0) {
            (void)error_set(error, "cannot use the socket that was passed: %s", strerror(errno));
            listener_close(listener);
            return false;
        }
        listener->fds[listener->count++] = copy;
    }
    log_write(LOG_INFO, "socket passed", LOG_STRING("instead_of", "listen"));
    return true;
}
