/* SPDX-License-Identifier: MIT */
#include "support/raw.h"

#include "base/clock.h"
#include "base/duration.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ENDLESS       "" /* read until the connection is closed */
#define GO_ON_SECONDS 30

/* Whether the answer is complete. */
typedef bool is_complete_fn(const struct raw_reply *reply, const char *end);

static is_complete_fn is_one_answer;
static is_complete_fn has_end;
static void receive(int fd, int seconds, is_complete_fn *is_complete, const char *end,
                    struct raw_reply *reply);
static void receive_block(int fd, struct raw_reply *reply);

void raw_exchange(int port, const char *bytes, size_t count, int seconds, struct raw_reply *reply)
{
    int fd = raw_connect(port);

    raw_send(fd, bytes, count);
    receive(fd, seconds, has_end, ENDLESS, reply);
    (void)close(fd);
}

int raw_connect(int port)
{
    return raw_connect_from("127.0.0.1", port);
}

int raw_connect_from(const char *address, int port)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ASSERT(fd >= 0);
    ASSERT(inet_pton(AF_INET, address, &from.sin_addr) == 1);
    ASSERT(bind(fd, (const struct sockaddr *)&from, sizeof(from)) == 0);
    ASSERT(connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0);
    return fd;
}

int raw_connect_path(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ASSERT(fd >= 0 && strlen(path) < sizeof(to.sun_path));
    memcpy(to.sun_path, path, strlen(path));
    ASSERT(connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0);
    return fd;
}

int raw_listen_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ASSERT(fd >= 0 && strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path));
    ASSERT(bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    ASSERT(listen(fd, SOMAXCONN) == 0);
    return fd;
}

int raw_listen(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ASSERT(fd >= 0);
    ASSERT(bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    ASSERT(listen(fd, SOMAXCONN) == 0);
    return fd;
}

int raw_port(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof(address);

    ASSERT(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    return ntohs(address.sin_port);
}

int raw_begin_check(int port, const char *api_key, size_t body_bytes)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char head[512];
    struct raw_reply reply = {0};
    int fd = raw_connect(port);
    int length = snprintf(head, sizeof(head),
                          "POST /check HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\n"
                          "Content-Length: %zu\r\nExpect: 100-continue\r\n\r\n",
                          api_key, body_bytes);

    raw_send(fd, head, (size_t)length);
    raw_receive_until(fd, go_on, GO_ON_SECONDS, &reply);
    ASSERT(strcmp(reply.text, go_on) == 0);
    return fd;
}

/* Stops when the service no longer reads: its answer then says why. */
void raw_send(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        count -= (size_t)sent;
    }
}

void raw_receive(int fd, int seconds, struct raw_reply *reply)
{
    receive(fd, seconds, is_one_answer, NULL, reply);
}

void raw_receive_until(int fd, const char *end, int seconds, struct raw_reply *reply)
{
    receive(fd, seconds, has_end, end, reply);
}

static bool is_one_answer(const struct raw_reply *reply, const char *end)
{
    static const char length_field[] = "\r\nContent-Length: ";
    const char *body = strstr(reply->text, "\r\n\r\n");
    const char *length = strstr(reply->text, length_field);

    (void)end;
    return body != NULL && length != NULL &&
           strlen(body + 4) >= strtoul(length + strlen(length_field), NULL, 10);
}

static bool has_end(const struct raw_reply *reply, const char *end)
{
    return strcmp(end, ENDLESS) != 0 && strstr(reply->text, end) != NULL;
}

static void receive(int fd, int seconds, is_complete_fn *is_complete, const char *end,
                    struct raw_reply *reply)
{
    int64_t deadline_us = clock_monotonic_us() + seconds * SECOND_US;
    struct pollfd readable = {.fd = fd, .events = POLLIN};

    memset(reply, 0, sizeof(*reply));
    while (!reply->closed && !is_complete(reply, end)) {
        int64_t left_us = deadline_us - clock_monotonic_us();
        if (left_us <= 0 || poll(&readable, 1, (int)(left_us / 1000) + 1) < 0)
            break;
        receive_block(fd, reply);
    }
    if (strncmp(reply->text, "HTTP/1.", strlen("HTTP/1.")) == 0)
        reply->status = (int)strtol(reply->text + strlen("HTTP/1.1 "), NULL, 10);
}

static void receive_block(int fd, struct raw_reply *reply)
{
    char block[4096];
    ssize_t got = recv(fd, block, sizeof(block), MSG_DONTWAIT);
    size_t room = sizeof(reply->text) - 1 - reply->length;
    size_t kept = got < 0 ? 0 : (size_t)got;

    reply->closed = got == 0 || (got < 0 && errno != EAGAIN);
    if (kept > room)
        kept = room;
    memcpy(reply->text + reply->length, block, kept);
    reply->length += kept;
}
