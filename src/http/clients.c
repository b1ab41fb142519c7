/* SPDX-License-Identifier: MIT */
#include "clients.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"

#include "peer.h"

#include <event2/event.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* How often all clients are looked at: a client that is too slow is noticed at most this part of
 * its limit late. */
#define LOOKS_PER_LIMIT 5
#define LOOK_US_MAX     (2 * SECOND_US)

/* TCP_CLOSE_WAIT of <netinet/tcp.h>, whose struct tcp_info is too old for the rest. */
#define STATE_CLOSE_WAIT 8

/* A client answered so recently may already have sent its next request. */
#define ANSWERED_US (20 * MILLISECOND_US)

/* A client active so recently does not give way, unless none has given way for so long. */
#define ACTIVE_US SECOND_US
#define SPARED_US (100 * MILLISECOND_US)

/* The least that a client must read of an answer in the time that it has. */
#define READ_BYTES_MIN ((uint64_t)64 * 1024)

/* How many clients that only seem idle are skipped, and how many tenants that seem to have some. */
#define CANDIDATES_MAX 16

static bool may_give_way(enum client_state state);
static void join_idle(struct client *client);
static void leave_idle(struct client *client);
static struct client *find_over_share(const struct clients *clients, int64_t now_us,
                                      bool *any_is_over);
static struct client *find_of_holder(const struct holder *holder, int64_t now_us);
static struct client *find_of_all(struct clients *clients, int64_t now_us);
static bool is_in_use(const struct client *client);
static void on_timer(evutil_socket_t fd, short events, void *context);
static void look(struct clients *clients, struct client *client, int64_t now_us);
static bool is_reading(enum client_state state);
static void look_how_it_reads(struct client *client, uint64_t bytes, int64_t now_us);
static void look_how_long_it_is_idle(struct client *client, int64_t now_us);
static void look_whether_it_left(struct client *client, const struct tcp_info *info);
static bool has_unread(int fd);
static bool ask_kernel(int fd, struct tcp_info *info);

void clients_init(struct clients *clients, struct event_base *base, int64_t sending_us,
                  int64_t reading_us)
{
    int64_t shorter_us = sending_us < reading_us ? sending_us : reading_us;
    int64_t parted_us = shorter_us / LOOKS_PER_LIMIT;
    int64_t period_us = parted_us < LOOK_US_MAX ? parted_us : LOOK_US_MAX;
    struct timeval period = duration_timeval(period_us);

    *clients = (struct clients){.sending_us = sending_us, .reading_us = reading_us};
    LIST_INIT(&clients->all);
    TAILQ_INIT(&clients->idle);
    holders_init(&clients->holders);
    clients->timer = event_new(base, -1, EV_PERSIST, on_timer, clients);
    ASSERT(clients->timer);
    event_add(clients->timer, &period);
}

void clients_close(struct clients *clients)
{
    ASSERT(LIST_EMPTY(&clients->all));
    holders_close(&clients->holders);
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
    client->holder = holders_take(&clients->holders, 0);
    LIST_INSERT_HEAD(&clients->all, client, next);
    clients->counts[CLIENT_IDLE]++;
    join_idle(client);
    return client;
}

void clients_remove(struct client *client)
{
    if (may_give_way(client->state))
        leave_idle(client);
    LIST_REMOVE(client, next);
    client->clients->counts[client->state]--;
    client->clients->awaited_us = 0;
    holders_give(&client->clients->holders, client->holder);
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
    enum client_state before = client->state;

    ASSERT(before != CLIENT_IDLE || state != CLIENT_IDLE);
    client->state = state;
    client->clients->counts[before]--;
    client->clients->counts[state]++;
    if (state == CLIENT_ASKING)
        client->requests++;
    if (may_give_way(before))
        leave_idle(client);
    if (may_give_way(state)) {
        client->idle_since_us = client->clients->now_us;
        join_idle(client);
    }
}

void client_belong(struct client *client, uint32_t tenant)
{
    struct holders *holders = &client->clients->holders;

    ASSERT(!may_give_way(client->state));
    if (client->holder->tenant == tenant)
        return;
    holders_give(holders, client->holder);
    client->holder = holders_take(holders, tenant);
}

uint32_t client_tenant(const struct client *client)
{
    return client->holder->tenant;
}

bool client_end(struct client *client)
{
    if (client->is_over)
        return false;
    client->is_over = true;
    (void)shutdown(client->fd, SHUT_RDWR);
    return true;
}

void client_was_silent(struct client *client)
{
    client->clients->ended_slow_readers += !client->is_over && is_reading(client->state);
}

void clients_give_way(struct clients *clients)
{
    int64_t now_us = clock_monotonic_us();
    bool any_is_over = false;
    struct client *client = find_over_share(clients, now_us, &any_is_over);

    /* No other client gives way before that one has been awaited for long enough. */
    if (client != NULL || !any_is_over)
        clients->awaited_us = 0;
    else if (clients->awaited_us == 0)
        clients->awaited_us = now_us;
    if (client == NULL && now_us - clients->awaited_us >= SPARED_US)
        client = find_of_all(clients, now_us);
    if (client != NULL)
        clients->ended_to_make_room += client_end(client);
}

bool client_gives_way(struct client *client)
{
    struct clients *clients = client->clients;

    if (clients->awaited_us == 0 || !holder_is_over(&clients->holders, client->holder))
        return false;
    clients->awaited_us = 0;
    clients->ended_to_make_room++;
    return true;
}

static bool may_give_way(enum client_state state)
{
    return state == CLIENT_IDLE || state == CLIENT_QUIET;
}

static void join_idle(struct client *client)
{
    TAILQ_INSERT_TAIL(&client->clients->idle, client, in_idle);
    TAILQ_INSERT_TAIL(&client->holder->idle, client, in_holder_idle);
}

static void leave_idle(struct client *client)
{
    TAILQ_REMOVE(&client->clients->idle, client, in_idle);
    TAILQ_REMOVE(&client->holder->idle, client, in_holder_idle);
}

/* The tenants that hold most come first. */
static struct client *find_over_share(const struct clients *clients, int64_t now_us,
                                      bool *any_is_over)
{
    const struct holders *holders = &clients->holders;
    const struct holder *holder;
    struct client *client = NULL;
    int candidates = 0;

    for (size_t rank = HOLDER_RANKS; rank-- > 1 && client == NULL;) {
        TAILQ_FOREACH (holder, &holders->ranks[rank], in_rank) {
            if (++candidates > CANDIDATES_MAX)
                return NULL;
            if (!holder_is_over(holders, holder))
                continue;
            *any_is_over = true;
            if ((client = find_of_holder(holder, now_us)) != NULL)
                break;
        }
    }
    return client;
}

static struct client *find_of_holder(const struct holder *holder, int64_t now_us)
{
    int candidates = 0;
    struct client *client;

    TAILQ_FOREACH (client, &holder->idle, in_holder_idle) {
        if (++candidates > CANDIDATES_MAX || now_us - client->idle_since_us < ANSWERED_US)
            return NULL;
        if (!is_in_use(client))
            return client;
    }
    return NULL;
}

static struct client *find_of_all(struct clients *clients, int64_t now_us)
{
    int candidates = 0;
    struct client *client;

    TAILQ_FOREACH (client, &clients->idle, in_idle) {
        if (++candidates > CANDIDATES_MAX)
            return NULL;
        if (is_in_use(client))
            continue;
        if (now_us - client->idle_since_us >= ACTIVE_US)
            return client;
        if (now_us < clients->spared_until_us)
            return NULL;
        clients->spared_until_us = now_us + SPARED_US;
        return client;
    }
    return NULL;
}

/* What comes in during a stream is not read, and keeps no place. */
static bool is_in_use(const struct client *client)
{
    return client->is_over || (client->state == CLIENT_IDLE && has_unread(client->fd));
}

static void on_timer(evutil_socket_t fd, short events, void *context)
{
    struct clients *clients = context;
    int64_t now_us = clock_monotonic_us();
    struct client *client;

    (void)fd;
    (void)events;
    LIST_FOREACH (client, &clients->all, next)
        look(clients, client, now_us);
}

/* Between the end of a request and the next look, some bytes of another may have come in. Less than
 * its first line counts as idle until more comes. */
static void look(struct clients *clients, struct client *client, int64_t now_us)
{
    bool is_asking = client->state >= CLIENT_ASKING;
    struct tcp_info info;
    bool is_counted = ask_kernel(client->fd, &info);

    if (!is_reading(client->state))
        client->reading_since_us = 0;
    else if (is_counted)
        look_how_it_reads(client, info.tcpi_bytes_acked, now_us);

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
    look_whether_it_left(client, &info);
    if (client->begun_us != 0)
        return;
    if (!is_counted)
        look_how_long_it_is_idle(client, now_us);
    if (client->state == CLIENT_SENDING ||
        (client->is_known && info.tcpi_bytes_received > client->bytes_idle))
        client->begun_us = now_us;
    client->is_known = true;
    client->bytes_idle = info.tcpi_bytes_received;
}

static bool is_reading(enum client_state state)
{
    return state == CLIENT_READING || state == CLIENT_FOLLOWING;
}

/* At a look it counts as reading only when its socket takes no more. A socket with a path takes
 * more only after most of what it holds was read. So there libmicrohttpd's limit on silence is
 * enough. */
static void look_how_it_reads(struct client *client, uint64_t bytes, int64_t now_us)
{
    struct clients *clients = client->clients;

    if (client->reading_since_us != 0 && now_us - client->reading_since_us < clients->reading_us)
        return;
    if (client->reading_since_us != 0 && bytes - client->bytes_read < READ_BYTES_MIN)
        clients->ended_slow_readers += client_end(client);
    client->reading_since_us = now_us;
    client->bytes_read = bytes;
}

/* libmicrohttpd ends a client that sends nothing for `reading_us`. So if one is idle for longer, a
 * request began to come in by then. */
static void look_how_long_it_is_idle(struct client *client, int64_t now_us)
{
    struct clients *clients = client->clients;

    if (client->state == CLIENT_IDLE &&
        now_us - client->idle_since_us >= clients->reading_us + clients->sending_us)
        clients->ended_slow += client_end(client);
}

/* libmicrohttpd does not see an end (FIN) that is there when it reads the bytes before it. It may
 * also have read complete requests, which it answers one by one, so a second look is needed. */
static void look_whether_it_left(struct client *client, const struct tcp_info *info)
{
    bool had_left = client->has_left;

    client->has_left = info->tcpi_state == STATE_CLOSE_WAIT && !has_unread(client->fd);
    if (client->has_left && had_left)
        (void)client_end(client);
}

/* Whether a request may be there that is not read yet. */
static bool has_unread(int fd)
{
    char byte;

    return recv(fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The kernel's own counts, so that reads cost nothing more. False if it has none: only TCP has
 * them. Then *info only says whether the client sends nothing more. */
static bool ask_kernel(int fd, struct tcp_info *info)
{
    socklen_t length = sizeof *info;

    *info = (struct tcp_info){0};
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) == 0)
        return true;
    if (peer_has_left(fd))
        info->tcpi_state = STATE_CLOSE_WAIT;
    return false;
}
