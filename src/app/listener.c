/* SPDX-License-Identifier: MIT */
#include "app/listener.h"

#include "base/log.h"
#include "socket_address.h"
#include "systemd.h"
#include "tcp_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void warn_when_shared(const struct listener_options *options);
static bool use_passed(struct listener *listener, int fd, size_t servers, struct error *error);

bool listener_open(struct listener *listener, const struct listener_options *options,
                   struct error *error)
{
    *listener = (struct listener){
        .address = *options->address, .length = options->length, .share = LISTEN_OWN};
    if (!tcp_sockets_open(listener->fds, options->servers, &listener->address, listener->length,
                          error))
        return false;
    listener->count = options->servers;
    return true;
}

bool listener_find(struct listener *listener, const struct listener_options *options,
                   struct error *error)
{
    int fd;

    if (!systemd_find_listener(&fd, error))
        return false;
    if (fd >= 0)
        return use_passed(listener, fd, options->servers, error);
    warn_when_shared(options);
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

/* Workers share the port, so another process of the same user may share it, too. That is right
 * while one instance takes over from another, and a mistake at other times. */
static void warn_when_shared(const struct listener_options *options)
{
    int fd = socket(options->address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)options->address, options->length) != 0 &&
        errno == EADDRINUSE)
        log_write(LOG_WARN, "another process has this address, too", LOG_NONE);
    (void)close(fd);
}

/* Duplicates share the flags of the socket passed. */
static bool use_passed(struct listener *listener, int fd, size_t servers, struct error *error)
{
    *listener = (struct listener){.length = sizeof listener->address, .share = LISTEN_PASSED};
    ASSERT(getsockname(fd, (struct sockaddr *)&listener->address, &listener->length) == 0);
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
