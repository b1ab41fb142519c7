/* SPDX-License-Identifier: MIT
 *
 * One request over a plain socket, in steps that share one deadline. */
#include "app/healthcheck.h"

#include "base/clock.h"
#include "base/duration.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define TIMEOUT_US (2 * SECOND_US)

static const char request[] = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
static const char expected[] = "HTTP/1.1 200 ";

static struct sockaddr_storage target_of(const struct settings *settings);
static bool socket_connect(int fd, const struct sockaddr_storage *target, socklen_t length,
                           int64_t deadline_us, struct error *error);
static bool socket_ask(int fd, int64_t deadline_us, struct error *error);
static bool socket_wait(int fd, short events, int64_t deadline_us);

bool healthcheck_run(const struct settings *settings, struct error *error)
{
    int64_t deadline_us = clock_monotonic_us() + TIMEOUT_US;
    struct sockaddr_storage target = target_of(settings);
    int fd = socket(target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_set(error, "cannot open a socket: %s", strerror(errno));

    bool tls = settings->tls_certificate != NULL;
    bool healthy = socket_connect(fd, &target, settings->listen_length, deadline_us, error) &&
                   (tls || socket_ask(fd, deadline_us, error));
    close(fd);
    return healthy;
}

static struct sockaddr_storage target_of(const struct settings *settings)
{
    struct sockaddr_storage target = settings->listen;
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)(void *)&target;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)(void *)&target;

    if (target.ss_family == AF_INET && ipv4->sin_addr.s_addr == htonl(INADDR_ANY))
        ipv4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (target.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&ipv6->sin6_addr))
        ipv6->sin6_addr = in6addr_loopback;
    return target;
}

static bool socket_connect(int fd, const struct sockaddr_storage *target, socklen_t length,
                           int64_t deadline_us, struct error *error)
{
    int failure = 0;
    socklen_t failure_length = sizeof(failure);

    if (connect(fd, (const struct sockaddr *)(const void *)target, length) == 0)
        return true;
    if (errno != EINPROGRESS)
        return error_set(error, "cannot connect: %s", strerror(errno));
    if (!socket_wait(fd, POLLOUT, deadline_us))
        return error_set(error, "cannot connect: no answer within 2 s");
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &failure_length) != 0)
        failure = errno;
    return failure == 0 || error_set(error, "cannot connect: %s", strerror(failure));
}

static bool socket_ask(int fd, int64_t deadline_us, struct error *error)
{
    char answer[sizeof(expected) - 1];
    size_t length = 0;

    /* A new socket's send buffer holds the whole request. */
    if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
        return error_set(error, "cannot send the request: %s", strerror(errno));

    while (length < sizeof(answer)) {
        if (!socket_wait(fd, POLLIN, deadline_us))
            return error_set(error, "no answer within 2 s");
        ssize_t received = recv(fd, answer + length, sizeof(answer) - length, 0);
        if (received <= 0)
            return error_set(error, "the connection was closed without an answer");
        length += (size_t)received;
    }
    if (memcmp(answer, expected, sizeof(answer)) != 0) {
        return error_set(error, "the answer begins with \"%.*s\", not \"%s\"", (int)sizeof(answer),
                         answer, expected);
    }
    return true;
}

static bool socket_wait(int fd, short events, int64_t deadline_us)
{
    struct pollfd poller = {.fd = fd, .events = events};
    int64_t left_us = deadline_us - clock_monotonic_us();

    return left_us > 0 && poll(&poller, 1, duration_poll_ms(left_us)) == 1;
}
