/* SPDX-License-Identifier: MIT
 *
 * libmicrohttpd in external epoll mode inside libevent, with connections that we accept and give to
 * it. Its epoll descriptor is one of our events. That event only notes that there is work, and
 * http_server_turn() does it once per turn. Only the worker's thread calls libmicrohttpd, so it
 * needs no locks and no queues for other threads. */
#include "http/http_server.h"

#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"

#include "acceptor.h"
#include "clients.h"
#include "exchange.h"
#include "handshakes.h"
#include "lingerers.h"

#include <event2/event.h>
#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <unistd.h>

/* libmicrohttpd clears this memory for every request, so it is small. Request and answer share it;
 * see FRAMING_BYTES_MAX. */
#define CONNECTION_POOL_BYTES ((size_t)16 * 1024)

/* Refuses what RFC 9112 forbids, but skips an empty line before a request (§2.2). Levels 2 and
 * above would not skip it. */
#define CLIENT_DISCIPLINE 1

/* A server is ahead by this part of its share: otherwise a crowd would be let in one by one. */
#define LEAD_PART 8

/* The most that is read from a socket before it is closed. */
#define DISCARDED_BYTES_MAX ((size_t)1024 * 1024)

struct http_server {
    struct exchanges exchanges;
    struct MHD_Daemon *daemon;
    struct acceptor acceptor;
    struct listen_group *group; /* NULL: its socket is its own */
    struct event *readable;     /* the daemon's epoll descriptor */
    struct event *timer;        /* the daemon's next time-out */
    struct admission admission;
    struct ticket arriving; /* of the connection that is now being taken */
    struct clients clients;
    struct handshakes handshakes;
    struct lingerers lingerers;
    bool has_work;
    size_t connections_max;
    size_t connections;
};

static bool start_daemon(struct http_server *server, const struct http_server_options *options);
static bool has_room(void *context);
static bool is_ahead(void *context);
static bool others_have_room(void *context);
static void count_connection(struct http_server *server, int more);
static void make_room(void *context);
static void take(void *context, int fd, const struct sockaddr *peer, socklen_t length);
static void on_connection(void *context, struct MHD_Connection *connection, void **own,
                          enum MHD_ConnectionNotificationCode code);
static gnutls_certificate_retrieve_function2 no_certificate;
static int socket_of(struct MHD_Connection *connection);
static bool is_cut_short(const struct client *client);
static void discard_unread(int fd);
static void on_readable(evutil_socket_t fd, short events, void *context);
static void on_timer(evutil_socket_t fd, short events, void *context);
static void arm_timer(struct http_server *server);
static void on_log(void *context, const char *format, va_list arguments);

struct http_server *http_server_new(struct event_base *base,
                                    const struct http_server_options *options, struct error *error)
{
    struct http_server *server = MEMORY_NEW(struct http_server);
    const struct acceptor_owner owner = {.context = server,
                                         .has_room = has_room,
                                         .is_ahead = is_ahead,
                                         .others_have_room = others_have_room,
                                         .make_room = make_room,
                                         .take = take};
    const union MHD_DaemonInfo *info;

    server->admission.counts = options->site_counts;
    server->admission.context = options->handler.context;
    server->admission.is_trusted = options->handler.is_trusted;
    server->connections_max = options->connections_max;
    server->group = options->listen_share == LISTEN_OWN ? NULL : options->listen_group;
    acceptor_init(&server->acceptor, base, options->listen_fd, options->listen_share, &owner);
    exchanges_init(&server->exchanges, base, options);
    if (!start_daemon(server, options)) {
        exchanges_close(&server->exchanges);
        acceptor_close(&server->acceptor);
        free(server);
        error_set(error, "cannot serve there: libmicrohttpd does not start");
        return NULL;
    }

    info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    server->readable = event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, on_readable, server);
    server->timer = evtimer_new(base, on_timer, server);
    clients_init(&server->clients, base, options->request_timeout_s * SECOND_US,
                 options->idle_timeout_s * SECOND_US);
    handshakes_init(&server->handshakes, base, options->tls);
    lingerers_init(&server->lingerers, base);
    event_add(server->readable, NULL);
    return server;
}

void http_server_use_tls(struct http_server *server, struct tls *tls)
{
    handshakes_use(&server->handshakes, tls);
}

void http_server_open(struct http_server *server)
{
    acceptor_open(&server->acceptor);
}

void http_server_turn(struct http_server *server)
{
    if (!handshakes_go_on(&server->handshakes) && !server->has_work && !server->exchanges.resumed)
        return;
    server->has_work = false;
    server->exchanges.resumed = false;
    clients_turn(&server->clients);
    MHD_run(server->daemon);
    arm_timer(server);
}

void http_server_quiesce(struct http_server *server)
{
    exchanges_quiesce(&server->exchanges);
    acceptor_quiesce(&server->acceptor);
}

void http_server_stop_listening(struct http_server *server)
{
    acceptor_stop(&server->acceptor);
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connections;
}

size_t http_server_incoming(const struct http_server *server)
{
    return server->clients.counts[CLIENT_SENDING];
}

size_t http_server_busy(const struct http_server *server)
{
    return server->clients.counts[CLIENT_ASKING] + server->clients.counts[CLIENT_READING];
}

size_t http_server_leaving(const struct http_server *server)
{
    return server->clients.counts[CLIENT_READING];
}

size_t http_server_streams(const struct http_server *server)
{
    return server->clients.counts[CLIENT_FOLLOWING] + server->clients.counts[CLIENT_QUIET];
}

struct http_server_counts http_server_counts(const struct http_server *server)
{
    return (struct http_server_counts){
        .bodies_refused = server->exchanges.bodies_refused,
        .slow_requests = server->clients.ended_slow,
        .slow_readers = server->clients.ended_slow_readers,
        .answers_dropped = server->exchanges.answers.ended,
        .refused = server->admission.refused,
        .gave_way = server->clients.ended_to_make_room,
    };
}

struct http_server_handshakes http_server_handshakes(const struct http_server *server)
{
    return server->handshakes.counts;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    exchanges_give_up(&server->exchanges);
    acceptor_stop(&server->acceptor);
    handshakes_give_up(&server->handshakes);
    MHD_stop_daemon(server->daemon);
    lingerers_close(&server->lingerers);
    handshakes_close(&server->handshakes);
    acceptor_close(&server->acceptor);
    clients_close(&server->clients);
    exchanges_close(&server->exchanges);
    event_free(server->readable);
    event_free(server->timer);
    free(server);
}

static bool start_daemon(struct http_server *server, const struct http_server_options *options)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_NO_THREAD_SAFETY |
                           MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                           (options->tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(intptr_t)no_certificate},
        {MHD_OPTION_END, 0, NULL},
    };

    if (!options->tls)
        tls[0] = tls[1];
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_on_access, &server->exchanges, MHD_OPTION_EXTERNAL_LOGGER,
        on_log, server, MHD_OPTION_CLIENT_DISCIPLINE_LVL, CLIENT_DISCIPLINE,
        MHD_OPTION_CONNECTION_LIMIT, options->connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
        options->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_POOL_BYTES,
        MHD_OPTION_URI_LOG_CALLBACK, exchange_on_uri, &server->exchanges,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_on_completed, &server->exchanges,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    return server->daemon != NULL;
}

static bool has_room(void *context)
{
    struct http_server *server = context;

    return server->connections < server->connections_max;
}

static bool is_ahead(void *context)
{
    const struct http_server *server = context;
    const struct listen_group *group = server->group;

    const size_t all = atomic_load(&group->connections);

    return server->connections * group->servers > all + all / LEAD_PART;
}

/* To be asked by a server without room. All have as much of it. */
static bool others_have_room(void *context)
{
    const struct http_server *server = context;
    const struct listen_group *group = server->group;

    return group != NULL &&
           atomic_load(&group->connections) < group->servers * server->connections_max;
}

static void count_connection(struct http_server *server, int more)
{
    server->connections += (size_t)more;
    if (server->group != NULL)
        atomic_fetch_add(&server->group->connections, (size_t)more);
}

/* The daemon closes the ended connection in this turn. */
static void make_room(void *context)
{
    struct http_server *server = context;

    clients_give_way(&server->clients);
    server->has_work = true;
}

/* Bytes that have come with a connection are read in the same turn. If the connection cannot begin,
 * its ticket is still here, unless on_connection() was called. */
static void take(void *context, int fd, const struct sockaddr *peer, socklen_t length)
{
    struct http_server *server = context;

    if (!admission_enter(&server->admission, peer, &server->arriving)) {
        (void)close(fd);
        return;
    }
    if (MHD_add_connection(server->daemon, fd, peer, length) == MHD_YES)
        server->has_work = true;
    else
        admission_leave(&server->admission, &server->arriving);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **own,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    struct client *client = *own;
    int fd = socket_of(connection);

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        client = clients_add(&server->clients, fd);
        client->ticket = server->arriving;
        client->handshake = handshakes_add(&server->handshakes, connection, client, fd);
        server->arriving.is_counted = false;
        count_connection(server, 1);
        *own = client;
        return;
    }
    count_connection(server, -1);
    discard_unread(fd);
    if (is_cut_short(client))
        lingerers_add(&server->lingerers, fd, client_tenant(client));
    admission_leave(&server->admission, &client->ticket);
    exchange_on_closed(client);
    handshakes_remove(client->handshake);
    clients_remove(client);
    acceptor_go_on(&server->acceptor);
}

/* libmicrohttpd demands one way to get a certificate, but each session gets its own elsewhere. */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *issuers, int issuer_count,
                          const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                          gnutls_pcert_st **certificates, unsigned *count, gnutls_privkey_t *key)
{
    (void)session;
    (void)issuers;
    (void)issuer_count;
    (void)algorithms;
    (void)algorithm_count;
    (void)certificates;
    (void)count;
    (void)key;
    return GNUTLS_E_NO_CERTIFICATE_FOUND;
}

static int socket_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* libmicrohttpd does not report its own answers, so such a request still seems to be coming in. */
static bool is_cut_short(const struct client *client)
{
    return !client->is_over && (client->is_cut_short || client->state == CLIENT_SENDING);
}

/* A socket that is closed with unread bytes is reset. A client that was refused in the middle of
 * its body may then never see why (RFC 9112 §9.6). */
static void discard_unread(int fd)
{
    char sink[16 * 1024];
    size_t discarded = 0;
    ssize_t bytes = 1;

    while (bytes > 0 && discarded < DISCARDED_BYTES_MAX) {
        bytes = recv(fd, sink, sizeof sink, MSG_DONTWAIT);
        discarded += bytes > 0 ? (size_t)bytes : 0;
    }
}

static void on_readable(evutil_socket_t fd, short events, void *context)
{
    struct http_server *server = context;

    (void)fd;
    (void)events;
    server->has_work = true;
}

static void on_timer(evutil_socket_t fd, short events, void *context)
{
    on_readable(fd, events, context);
}

/* All time-outs of the daemon have the same length, so an armed one is never later than a newer
 * one. */
static void arm_timer(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    struct timeval timeout;

    if (!handshakes_are_ready(&server->handshakes) &&
        MHD_get_timeout(server->daemon, &timeout_ms) != MHD_YES)
        return;
    if (timeout_ms == 0) {
        server->has_work = true;
        event_active(server->timer, EV_TIMEOUT, 0);
        return;
    }
    if (evtimer_pending(server->timer, NULL))
        return;
    timeout = duration_timeval((int64_t)timeout_ms * MILLISECOND_US);
    evtimer_add(server->timer, &timeout);
}

static void on_log(void *context, const char *format, va_list arguments)
{
    char message[256];

    (void)context;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(message, sizeof message, format, arguments);
#pragma GCC diagnostic pop
    log_write(LOG_DEBUG, "libmicrohttpd", LOG_STRING("message", message));
}
