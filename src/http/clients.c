/* SPDX-License-Identifier: MIT */
#include "clients.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"

#include <event2/event.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* How often all are looked at: so late at most is one that is too slow noticed. */
#define LOOKS_PER_LIMIT 5
#define LOOK_US_MAX     (2 * SECOND_US)

/* TCP_CLOSE_WAIT of <netinet/tcp.h>, whose struct tcp_info is too old for the rest. */
#define STATE_CLOSE_WAIT 8

/* Who was active so recently does not give way, unless nobody has for so long. */
#define ACTIVE_US SECOND_US
#define SPARED_US (100 * MILLISECOND_US)

/* What a client reads at least of an answer in the time that it may read. */
#define READ_BYTES_MIN ((uint64_t)64 * 1024)

/* How many that only seem to be idle are passed over. */
#define CANDIDATES_MAX 16

static void on_timer(evutil_socket_t fd, short events, void *context);
static void look(struct clients *clients, struct client *client, int64_t now_us);
static void look_how_it_reads(struct client *client, int64_t now_us);
static void look_whether_it_left(struct client *client, const struct tcp_info *info);
static bool has_unread(int fd);
static struct tcp_info ask_kernel(int fd);

void clients_init(struct clients *clients, struct event_base *base, int64_t sending_us,
                  int64_t reading_us)
{
    int64_t shorter_us = sending_us < reading_us ? sending_us : reading_us;
    int64_t parted_us = shorter_us / LOOKS_PER_LIMIT;
    int64_t period_us = parted_us < LOOK_US_MAX ? parted_us : LOOK_US_MAX;
    struct timeval period = duration_timeval(period_us);

    *clients = (struct clients){.sending_us = sending_us, .reading_us = reading_us};
    TAILQ_INIT(&clients->idle);
    TAILQ_INIT(&clients->busy);
    clients->timer = event_new(base, -1, EV_PERSIST, on_timer, clients);
    ASSERT(clients->timer);
    event_add(clients->timer, &period);
}

void clients_close(struct clients *clients)
{
    ASSERT(TAILQ_EMPTY(&clients->idle) && TAILQ_EMPTY(&clients->busy));
    event_free(clients->timer);
}

void clients_turn(struct clients *clients)
{
    clients->now_us = clock_monotonic_us();
}

struct client *clients_add(struct clients *clients, int fd)
{
    struct client *client = MEMORY_NEW(struct client);

    client->clients = clients;
    client->fd = fd;
    client->idle_since_us = clock_monotonic_us();
    client->is_known = true;
    TAILQ_INSERT_TAIL(&clients->idle, client, next);
    return client;
}

void clients_remove(struct client *client)
{
    struct clients *clients = client->clients;

    TAILQ_REMOVE(client->state == CLIENT_IDLE ? &clients->idle : &clients->busy, client, next);
    free(client);
}

void client_begun(struct client *client)
{
    client->begun_us = clock_monotonic_us();
}

void client_settled(struct client *client)
{
    client->begun_us = 0;
    client->is_known = false;
}

void client_set_state(struct client *client, enum client_state state)
{
    struct clients *clients = client->clients;
    enum client_state before = client->state;

    ASSERT(before != CLIENT_IDLE || state != CLIENT_IDLE);
    client->state = state;
    if (state == CLIENT_ASKING)
        client->requests++;
    if (before == CLIENT_IDLE) {
        TAILQ_REMOVE(&clients->idle, client, next);
        TAILQ_INSERT_TAIL(&clients->busy, client, next);
    }
    if (state == CLIENT_IDLE) {
        client->idle_since_us = clients->now_us;
        TAILQ_REMOVE(&clients->busy, client, next);
        TAILQ_INSERT_TAIL(&clients->idle, client, next);
    }
}

bool client_end(struct client *client)
{
    if (client->is_over)
        return false;
    client->is_over = true;
    (void)shutdown(client->fd, SHUT_RDWR);
    return true;
}

void clients_give_way(struct clients *clients)
{
    int64_t now_us = clock_monotonic_us();
    int candidates = 0;
    struct client *client;

    TAILQ_FOREACH (client, &clients->idle, next) {
        if (++candidates > CANDIDATES_MAX)
            return;
        if (client->is_over || has_unread(client->fd))
            continue;
        if (now_us - client->idle_since_us < ACTIVE_US) {
            if (now_us < clients->spared_until_us)
                return;
            clients->spared_until_us = now_us + SPARED_US;
        }
        clients->ended_to_make_room += client_end(client);
        return;
    }
}

static void on_timer(evutil_socket_t fd, short events, void *context)
{
    struct clients *clients = context;
    int64_t now_us = clock_monotonic_us();
    struct client *client;

    (void)fd;
    (void)events;
    TAILQ_FOREACH (client, &clients->idle, next)
        look(clients, client, now_us);
    TAILQ_FOREACH (client, &clients->busy, next)
        look(clients, client, now_us);
}

/* Between a request's completion and the next look, some bytes of another one may have come in.
 * Less than its first line passes for idle, until more comes. */
static void look(struct clients *clients, struct client *client, int64_t now_us)
{
    bool is_asking = client->state == CLIENT_ASKING || client->state == CLIENT_READING;
    struct tcp_info info;

    if (client->state != CLIENT_READING)
        client->reading_since_us = 0;
    else
        look_how_it_reads(client, now_us);

    if (is_asking || client->requests != client->requests_seen) {
        client->requests_seen = client->requests;
        client->is_known = false;
        client->has_left = false;
        client->begun_us = 0;
    }
    if (is_asking)
        return;
    if (client->begun_us != 0 && now_us - client->begun_us >= clients->sending_us) {
        clients->ended_slow += client_end(client);
        return;
    }
    info = ask_kernel(client->fd);
    look_whether_it_left(client, &info);
    if (client->begun_us != 0)
        return;
    if (client->state == CLIENT_SENDING ||
        (client->is_known && info.tcpi_bytes_received > client->bytes_idle))
        client->begun_us = now_us;
    client->is_known = true;
    client->bytes_idle = info.tcpi_bytes_received;
}

/* At a look it is READING only when its socket holds no more. */
static void look_how_it_reads(struct client *client, int64_t now_us)
{
    struct clients *clients = client->clients;
    uint64_t bytes;

    if (client->reading_since_us != 0 && now_us - client->reading_since_us < clients->reading_us)
        return;
    bytes = ask_kernel(client->fd).tcpi_bytes_acked;
    if (client->reading_since_us != 0 && bytes - client->bytes_read < READ_BYTES_MIN)
        clients->ended_slow_readers += client_end(client);
    client->reading_since_us = now_us;
    client->bytes_read = bytes;
}

/* libmicrohttpd does not see an end (FIN) that is there when it reads what came before it. It may
 * have read complete requests, too, which it answers one by one: hence the second look. */
static void look_whether_it_left(struct client *client, const struct tcp_info *info)
{
    bool had_left = client->has_left;

    client->has_left = info->tcpi_state == STATE_CLOSE_WAIT && !has_unread(client->fd);
    if (client->has_left && had_left)
        (void)client_end(client);
}

/* A request may be there that has not been read yet. */
static bool has_unread(int fd)
{
    char byte;

    return recv(fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* What the kernel counts anyway, so that reading costs nothing more. Zeros where it does not. */
static struct tcp_info ask_kernel(int fd)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
        return (struct tcp_info){0};
    return info;
}
