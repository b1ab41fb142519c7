/* SPDX-License-Identifier: MIT */
#include "slow_clients.h"

#include "base/clock.h"
#include "base/memory.h"

#include <event2/event.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* So late at most is a client that is too slow noticed. */
#define LOOKS_PER_LIMIT 5

static void on_timer(evutil_socket_t fd, short events, void *context);
static void look(struct slow_clients *clients, struct client *client, int64_t now_us);
static void end(struct slow_clients *clients, struct client *client);
static uint64_t bytes_received(int fd);

void slow_clients_init(struct slow_clients *clients, struct event_base *base, int64_t limit_us)
{
    int64_t period_us = limit_us / LOOKS_PER_LIMIT;
    struct timeval period = {period_us / 1000000, period_us % 1000000};

    LIST_INIT(&clients->clients);
    clients->limit_us = limit_us;
    clients->ended = 0;
    clients->timer = event_new(base, -1, EV_PERSIST, on_timer, clients);
    ASSERT(clients->timer);
    event_add(clients->timer, &period);
}

void slow_clients_close(struct slow_clients *clients)
{
    ASSERT(LIST_EMPTY(&clients->clients));
    event_free(clients->timer);
}

struct client *slow_clients_add(struct slow_clients *clients, int fd)
{
    struct client *client = MEMORY_NEW(struct client);

    client->fd = fd;
    client->is_known = true;
    LIST_INSERT_HEAD(&clients->clients, client, next);
    return client;
}

void slow_clients_remove(struct client *client)
{
    LIST_REMOVE(client, next);
    free(client);
}

void slow_clients_asked(struct client *client)
{
    client->is_asking = true;
    client->requests++;
}

void slow_clients_answered(struct client *client)
{
    client->is_asking = false;
}

static void on_timer(evutil_socket_t fd, short events, void *context)
{
    struct slow_clients *clients = context;
    int64_t now_us = clock_monotonic_us();
    struct client *client;

    (void)fd;
    (void)events;
    LIST_FOREACH (client, &clients->clients, next)
        look(clients, client, now_us);
}

/* Between a request's completion and the next look, some bytes of another one may have come in; they
 * pass for idle, and the next ones that come do not. */
static void look(struct slow_clients *clients, struct client *client, int64_t now_us)
{
    uint64_t bytes;

    if (client->is_asking || client->requests != client->requests_seen) {
        client->requests_seen = client->requests;
        client->is_known = false;
        client->begun_us = 0;
    }
    if (client->is_asking)
        return;
    if (client->begun_us != 0) {
        if (now_us - client->begun_us >= clients->limit_us)
            end(clients, client);
        return;
    }
    bytes = bytes_received(client->fd);
    if (client->is_known && bytes > client->bytes_idle)
        client->begun_us = now_us;
    client->is_known = true;
    client->bytes_idle = bytes;
}

/* libmicrohttpd closes it when it sees that. */
static void end(struct slow_clients *clients, struct client *client)
{
    if (client->is_over)
        return;
    client->is_over = true;
    clients->ended++;
    (void)shutdown(client->fd, SHUT_RDWR);
}

/* What the kernel has counted, so that reading costs nothing more. 0 where it does not know. */
static uint64_t bytes_received(int fd)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
        return 0;
    return info.tcpi_bytes_received;
}
