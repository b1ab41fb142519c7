/* SPDX-License-Identifier: MIT */
#include "support/listener.h"

#include "support/cmocka.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG         64
#define PORTS_TRIED_MAX 100

static bool opens(struct listener *listener, const char *address, int port);
static bool open_at_one_port(struct listener *listeners, const char *const addresses[],
                             size_t count);
static socklen_t parse(const char *text, int port, struct sockaddr_storage *address);

void listener_open(struct listener *listener, const char *address, int port)
{
    assert_true(opens(listener, address, port));
}

/* A port that is free at one address may be taken at the next one, by any client there is. */
void listeners_open(struct listener *listeners, const char *const addresses[], size_t count)
{
    for (int tried = 0; tried < PORTS_TRIED_MAX; tried++)
        if (open_at_one_port(listeners, addresses, count))
            return;
    fail_msg("no port is free at all %zu addresses", count);
}

static bool open_at_one_port(struct listener *listeners, const char *const addresses[],
                             size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!opens(&listeners[i], addresses[i], i == 0 ? 0 : listeners[0].port)) {
            listeners_close(listeners, i);
            return false;
        }
    return true;
}

static bool opens(struct listener *listener, const char *address, int port)
{
    struct sockaddr_storage at;
    socklen_t length = parse(address, port, &at);
    char digits[NI_MAXSERV];

    listener->guest = -1;
    listener->fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener->fd >= 0);
    if (bind(listener->fd, (const struct sockaddr *)&at, length) != 0) {
        assert_int_equal(errno, EADDRINUSE);
        (void)close(listener->fd);
        return false;
    }
    assert_int_equal(listen(listener->fd, BACKLOG), 0);
    assert_int_equal(getsockname(listener->fd, (struct sockaddr *)&at, &length), 0);
    assert_int_equal(getnameinfo((const struct sockaddr *)&at, length, NULL, 0, digits,
                                 sizeof(digits), NI_NUMERICSERV),
                     0);
    listener->port = (int)strtol(digits, NULL, 10);
    return true;
}

/* With a backlog of 0 there is room for one guest. Linux drops the packets of the next one. */
void listener_fill(struct listener *listener)
{
    struct sockaddr_storage at;
    socklen_t length = sizeof(at);

    assert_int_equal(listen(listener->fd, 0), 0);
    assert_int_equal(getsockname(listener->fd, (struct sockaddr *)&at, &length), 0);
    listener->guest = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener->guest >= 0);
    assert_int_equal(connect(listener->guest, (const struct sockaddr *)&at, length), 0);
}

void listener_close(const struct listener *listener)
{
    if (listener->guest >= 0)
        (void)close(listener->guest);
    (void)close(listener->fd);
}

void listeners_close(const struct listener *listeners, size_t count)
{
    for (size_t i = 0; i < count; i++)
        listener_close(&listeners[i]);
}

static socklen_t parse(const char *text, int port, struct sockaddr_storage *address)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char digits[8];

    (void)snprintf(digits, sizeof(digits), "%d", port);
    assert_int_equal(getaddrinfo(text, digits, &hints, &found), 0);
    const socklen_t length = found->ai_addrlen;
    memcpy(address, found->ai_addr, length);
    freeaddrinfo(found);
    return length;
}
