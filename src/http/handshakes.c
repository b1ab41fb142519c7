/* SPDX-License-Identifier: MIT
 *
 * GnuTLS reads from the socket through on_pull(). There a handshake can be made to wait. */
#include "handshakes.h"

#include "base/memory.h"

#include "clients.h"
#include "tls_session.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* The first byte of every TLS connection: the content type of a handshake. */
#define TLS_FIRST_BYTE 22

/* How often one step reads. A record takes two reads, and a flight has few records. Without this a
 * step lasts as long as there are records that mean nothing. */
#define HANDSHAKE_STEP_PULLS_MAX 16
/* What a client sends in all until it is done. This is about 1 KiB: it is not asked for
 * certificates. There is room for two hellos with much longer keys. */
#define HANDSHAKE_BYTES_MAX ((size_t)32 * 1024)
/* What a read counts for at least, because each costs work. So 512 of them are too many. */
#define READ_BYTES_MIN ((size_t)64)

enum handshake_state {
    HANDSHAKE_NEW,     /* libmicrohttpd waits for the first bytes */
    HANDSHAKE_GOES_ON, /* may read */
    HANDSHAKE_WAITS,   /* suspended, for something to read */
    HANDSHAKE_READY,   /* suspended, for its turn */
    HANDSHAKE_DONE,    /* may always read */
};

struct handshake {
    LIST_ENTRY(handshake) next;
    struct handshake_turn turn;
    struct handshakes *handshakes;
    struct MHD_Connection *connection;
    struct client *client;
    struct tls *tls;
    struct event *readable;
    int fd;
    enum handshake_state state;
    uint64_t step_turn;  /* the turn of the loop in which it may read */
    unsigned pulls_left; /* in this step */
    size_t bytes_left;   /* until it is too long */
    bool has_begun;      /* its first bytes were TLS */
    bool is_over;        /* its bytes are not read any more */
};

static bool is_connected(int fd);
static void go_on(struct handshake *handshake);
static ssize_t on_pull(gnutls_transport_ptr_t context, void *data, size_t size);
static int on_pull_timeout(gnutls_transport_ptr_t context, unsigned ms);
static bool may_read(struct handshake *handshake);
static bool is_foreign(struct handshake *handshake, const unsigned char *first);
static bool is_too_long(struct handshake *handshake, size_t received);
static void wait_for_more(struct handshake *handshake);
static void on_readable(evutil_socket_t fd, short events, void *context);
static int on_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                       const gnutls_datum_t *message);
static void leave(struct handshake *handshake, enum handshake_state state);
static void resume(struct handshake *handshake);

void handshakes_init(struct handshakes *handshakes, struct event_base *base, struct tls *tls)
{
    handshakes->base = base;
    handshakes->tls = tls ? tls_share(tls) : NULL;
    LIST_INIT(&handshakes->all);
    handshake_turns_init(&handshakes->ready);
}

/* Whether a server speaks TLS is decided when it starts. */
void handshakes_use(struct handshakes *handshakes, struct tls *tls)
{
    if (!handshakes->tls || !tls)
        return;
    tls_release(handshakes->tls);
    handshakes->tls = tls_share(tls);
}

void handshakes_close(struct handshakes *handshakes)
{
    ASSERT(LIST_EMPTY(&handshakes->all));
    handshake_turns_close(&handshakes->ready);
    tls_release(handshakes->tls);
}

struct handshake *handshakes_add(struct handshakes *handshakes, struct MHD_Connection *connection,
                                 struct client *client, int fd)
{
    struct handshake *handshake;
    gnutls_session_t session;

    if (!handshakes->tls)
        return NULL;
    handshake = MEMORY_NEW(struct handshake);
    handshake->handshakes = handshakes;
    handshake->connection = connection;
    handshake->client = client;
    handshake->tls = tls_share(handshakes->tls);
    handshake->fd = fd;
    handshake->bytes_left = HANDSHAKE_BYTES_MAX;
    handshake_turn_init(&handshake->turn, &client->ticket.site);
    handshake->readable = event_new(handshakes->base, fd, EV_READ, on_readable, handshake);
    LIST_INSERT_HEAD(&handshakes->all, handshake, next);
    handshakes->counts.under_way++;
    client_begun(client);

    session = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
    ASSERT(tls_apply(handshake->tls, session));
    gnutls_transport_set_ptr2(session, handshake, (gnutls_transport_ptr_t)(intptr_t)fd);
    gnutls_transport_set_pull_function(session, on_pull);
    gnutls_transport_set_pull_timeout_function(session, on_pull_timeout);
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
                                       on_finished);
    return handshake;
}

void handshakes_remove(struct handshake *handshake)
{
    if (!handshake)
        return;
    if (handshake->state != HANDSHAKE_DONE) {
        leave(handshake, HANDSHAKE_DONE);
        handshake->handshakes->counts.under_way--;
        handshake->handshakes->counts.failed++;
    }
    LIST_REMOVE(handshake, next);
    if (handshake->readable)
        event_free(handshake->readable);
    tls_release(handshake->tls);
    free(handshake);
}

bool handshakes_go_on(struct handshakes *handshakes)
{
    bool any = handshakes_are_ready(handshakes);

    handshakes->turns++;
    handshakes->left = HANDSHAKES_PER_TURN;
    while (handshakes->left > 0 && handshakes_are_ready(handshakes)) {
        struct handshake_turn *turn = handshake_turns_take(&handshakes->ready);
        struct handshake *next = CONTAINER_OF(turn, struct handshake, turn);

        next->is_over = next->client->is_over || !is_connected(next->fd);
        handshakes->left -= !next->is_over;
        go_on(next);
        MHD_resume_connection(next->connection);
    }
    return any;
}

bool handshakes_are_ready(const struct handshakes *handshakes)
{
    return handshake_turns_are_awaited(&handshakes->ready);
}

void handshakes_give_up(struct handshakes *handshakes)
{
    struct handshake *handshake;

    LIST_FOREACH (handshake, &handshakes->all, next) {
        if (handshake->state == HANDSHAKE_WAITS || handshake->state == HANDSHAKE_READY)
            resume(handshake);
    }
}

/* If it is not, no client waits for the answer. */
static bool is_connected(int fd)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
           info.tcpi_state == TCP_ESTABLISHED;
}

static void go_on(struct handshake *handshake)
{
    handshake->state = HANDSHAKE_GOES_ON;
    handshake->step_turn = handshake->handshakes->turns;
    handshake->pulls_left = HANDSHAKE_STEP_PULLS_MAX;
}

static ssize_t on_pull(gnutls_transport_ptr_t context, void *data, size_t size)
{
    struct handshake *handshake = context;
    ssize_t received;

    if (!may_read(handshake)) {
        wait_for_more(handshake);
        errno = EAGAIN;
        return -1;
    }
    received = handshake->is_over ? 0 : recv(handshake->fd, data, size, 0);
    if (handshake->state == HANDSHAKE_DONE)
        return received;
    if (received < 0 && errno == EAGAIN) {
        wait_for_more(handshake);
        errno = EAGAIN;
    } else if (received > 0 &&
               (is_foreign(handshake, data) || is_too_long(handshake, (size_t)received))) {
        errno = EPROTO;
        return -1;
    }
    return received;
}

/* Called only when GnuTLS itself waits, which it does not do here. */
static int on_pull_timeout(gnutls_transport_ptr_t context, unsigned ms)
{
    struct handshake *handshake = context;

    return gnutls_system_recv_timeout((gnutls_transport_ptr_t)(intptr_t)handshake->fd, ms);
}

/* A new handshake need not wait for the next turn if there is room in this one. A step also ends
 * with its turn: of a message in pieces, GnuTLS reads one piece and is called again in the next. */
static bool may_read(struct handshake *handshake)
{
    if (handshake->state == HANDSHAKE_DONE)
        return true;
    if (handshake->state == HANDSHAKE_NEW && handshake->handshakes->left > 0) {
        handshake->handshakes->left--;
        go_on(handshake);
    }
    if (handshake->step_turn != handshake->handshakes->turns || handshake->pulls_left == 0)
        return false;
    handshake->pulls_left--;
    return true;
}

/* A client that speaks plain HTTP here is told so in HTTP. */
static bool is_foreign(struct handshake *handshake, const unsigned char *first)
{
    static const char answer[] =
        "HTTP/1.1 400 Bad Request\r\n"
        "Content-Type: application/problem+json\r\nConnection: close\r\n\r\n"
        "{\"type\":\"urn:sluice:problem:bad-request\",\"title\":\"Malformed request\","
        "\"status\":400,\"detail\":\"This port speaks HTTPS.\"}\n";

    if (handshake->has_begun)
        return false;
    handshake->has_begun = *first == TLS_FIRST_BYTE;
    if (*first >= 'A' && *first <= 'Z')
        (void)send(handshake->fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    return !handshake->has_begun;
}

static bool is_too_long(struct handshake *handshake, size_t received)
{
    const size_t counted = received > READ_BYTES_MIN ? received : READ_BYTES_MIN;

    if (counted > handshake->bytes_left)
        return true;
    handshake->bytes_left -= counted;
    return false;
}

static void wait_for_more(struct handshake *handshake)
{
    handshake->state = HANDSHAKE_WAITS;
    event_add(handshake->readable, NULL);
    MHD_suspend_connection(handshake->connection);
}

static void on_readable(evutil_socket_t fd, short events, void *context)
{
    struct handshake *handshake = context;

    (void)fd;
    (void)events;
    ASSERT(handshake->state == HANDSHAKE_WAITS);
    handshake->state = HANDSHAKE_READY;
    handshake_turns_wait(&handshake->handshakes->ready, &handshake->turn, handshake->has_begun);
}

/* The client's message is the last one that is read from it. */
static int on_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                       const gnutls_datum_t *message)
{
    struct handshake *handshake = gnutls_transport_get_ptr(session);

    (void)type;
    (void)when;
    (void)message;
    if (!incoming || handshake->state == HANDSHAKE_DONE)
        return GNUTLS_E_SUCCESS;
    handshake->state = HANDSHAKE_DONE;
    event_free(handshake->readable);
    handshake->readable = NULL;
    handshake->handshakes->counts.under_way--;
    handshake->handshakes->counts.done++;
    client_settled(handshake->client);
    return GNUTLS_E_SUCCESS;
}

static void leave(struct handshake *handshake, enum handshake_state state)
{
    if (handshake->state == HANDSHAKE_READY)
        handshake_turns_leave(&handshake->handshakes->ready, &handshake->turn);
    if (handshake->state == HANDSHAKE_WAITS)
        event_del(handshake->readable);
    handshake->state = state;
}

static void resume(struct handshake *handshake)
{
    leave(handshake, HANDSHAKE_GOES_ON);
    MHD_resume_connection(handshake->connection);
}
