/* SPDX-License-Identifier: MIT
 *
 * libmicrohttpd in external epoll mode inside libevent. Its epoll descriptor is one event of ours;
 * that event only notes that there is work, and http_server_turn() does it, once per turn. */
#include "http/http_server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include "exchange.h"
#include "slow_clients.h"

#include <event2/event.h>
#include <linux/filter.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

/* libmicrohttpd clears this much for every request, so it is kept small; request and answer share
 * it, see FRAMING_BYTES_MAX. */
#define CONNECTION_POOL_BYTES ((size_t)16 * 1024)

/* What RFC 9112 forbids is refused; but an empty line before a request is skipped (§2.2), as it would
 * not be at 2 and above. */
#define CLIENT_DISCIPLINE 1

/* At most this much is taken out of a socket that is about to be closed. */
#define DISCARDED_BYTES_MAX ((size_t)1024 * 1024)

/* Runs of the daemon that a full accept queue takes at most; each accepts ten and more. */
#define LAST_RUNS_MAX 128

/* How libmicrohttpd's message begins when there is no descriptor left for a connection. */
#define SHORTAGE_MESSAGE   "Hit process or system resource limit"
#define SHORTAGE_LOG_US    INT64_C(1000000)
#define SHORTAGE_TAKES_MAX 64
static const struct timeval shortage_rest = {.tv_usec = 100000};

struct http_server {
    struct exchanges exchanges;
    struct MHD_Daemon *daemon;
    bool shares_listener;
    struct event *readable; /* the daemon's epoll descriptor */
    struct event *timer;    /* the daemon's next time-out */
    struct slow_clients slow_clients;
    bool has_work;
    bool has_stopped_listening;
    bool is_short;         /* of descriptors; until a connection of its own has closed */
    struct event *relief;  /* when it is */
    int64_t short_said_us; /* in the log */
    size_t connections_max;
    size_t connections;
    int port;
};

static void on_connection(void *context, struct MHD_Connection *connection, void **own,
                          enum MHD_ConnectionNotificationCode code);
static int socket_of(struct MHD_Connection *connection);
static void discard_unread(int fd);
static int listener_of(const struct http_server *server);
static void drop_syns(int listener);
static void on_readable(evutil_socket_t fd, short events, void *context);
static void on_timer(evutil_socket_t fd, short events, void *context);
static void arm_timer(struct http_server *server);
static void on_log(void *context, const char *format, va_list arguments);
static void on_shortage(struct http_server *server);
static void on_relief(evutil_socket_t fd, short events, void *context);
static bool take_in(struct http_server *server);

struct http_server *http_server_new(struct event_base *base,
                                    const struct http_server_options *options, struct error *error)
{
    struct http_server *server = MEMORY_NEW(struct http_server);
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct sockaddr_storage address = {0};
    struct MHD_OptionItem listener[] = {
        {MHD_OPTION_LISTEN_SOCKET, options->listen_fd, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem bound[] = {
        {MHD_OPTION_SOCK_ADDR, 0, &address},
        {MHD_OPTION_LISTENING_ADDRESS_REUSE, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, NULL},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    const union MHD_DaemonInfo *info;

    server->exchanges.handler = options->handler;
    server->connections_max = options->connections_max;
    server->shares_listener = options->listen_fd >= 0;
    memcpy(&address, options->address, options->address_length);
    if (address.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    if (options->tls_certificate) {
        flags |= MHD_USE_TLS;
        tls[0].ptr_value = memory_string(options->tls_certificate);
        tls[1].ptr_value = memory_string(options->tls_key);
    } else {
        tls[0] = tls[2];
    }
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_on_access, &server->exchanges, MHD_OPTION_EXTERNAL_LOGGER,
        on_log, server, MHD_OPTION_CLIENT_DISCIPLINE_LVL, CLIENT_DISCIPLINE,
        MHD_OPTION_CONNECTION_LIMIT, options->connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        options->connections_per_ip_max, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_POOL_BYTES, MHD_OPTION_URI_LOG_CALLBACK,
        exchange_on_uri, &server->exchanges, MHD_OPTION_NOTIFY_COMPLETED, exchange_on_completed,
        &server->exchanges, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_ARRAY,
        server->shares_listener ? listener : bound, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    free(tls[0].ptr_value);
    free(tls[1].ptr_value);
    if (!server->daemon) {
        free(server);
        error_set(error, "cannot listen there: address in use, not ours, or a bad certificate");
        return NULL;
    }

    info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    server->port = info->port;
    info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    server->readable = event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, on_readable, server);
    server->timer = evtimer_new(base, on_timer, server);
    server->relief = evtimer_new(base, on_relief, server);
    slow_clients_init(&server->slow_clients, base, (int64_t)options->request_timeout_s * 1000000);
    return server;
}

void http_server_open(struct http_server *server)
{
    event_add(server->readable, NULL);
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_turn(struct http_server *server)
{
    if (!server->has_work && !server->exchanges.resumed)
        return;
    server->has_work = false;
    server->exchanges.resumed = false;
    MHD_run(server->daemon);
    arm_timer(server);
}

void http_server_quiesce(struct http_server *server)
{
    server->exchanges.quiesced = true;
    if (server->shares_listener)
        http_server_stop_listening(server);
    else
        drop_syns(listener_of(server));
}

/* Never shutdown(2), which would end the listening of all who share the socket. Once only:
 * libmicrohttpd gives the same descriptor again, and by then it may be somebody else's. */
void http_server_stop_listening(struct http_server *server)
{
    struct pollfd waiting = {.fd = listener_of(server), .events = POLLIN};
    MHD_socket listener;

    if (server->has_stopped_listening)
        return;
    server->has_stopped_listening = true;
    for (int i = 0; i < LAST_RUNS_MAX && !server->shares_listener && poll(&waiting, 1, 0) > 0; i++)
        MHD_run(server->daemon);
    listener = MHD_quiesce_daemon(server->daemon);
    if (listener != MHD_INVALID_SOCKET)
        close(listener);
    server->has_work = true;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connections;
}

size_t http_server_incoming(const struct http_server *server)
{
    return server->exchanges.incoming;
}

size_t http_server_busy(const struct http_server *server)
{
    return server->exchanges.busy;
}

size_t http_server_bodies_refused(const struct http_server *server)
{
    return server->exchanges.bodies_refused;
}

size_t http_server_slow_requests(const struct http_server *server)
{
    return server->slow_clients.ended;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    ASSERT(server->exchanges.waiting == 0);
    MHD_stop_daemon(server->daemon);
    slow_clients_close(&server->slow_clients);
    exchanges_close(&server->exchanges);
    event_free(server->readable);
    event_free(server->timer);
    event_free(server->relief);
    free(server);
}

/* At the connection limit the daemon leaves the listener alone, and looks at it again only in
 * its next run after one has closed. */
static void on_connection(void *context, struct MHD_Connection *connection, void **own,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        server->connections++;
        *own = slow_clients_add(&server->slow_clients, socket_of(connection));
        return;
    }
    server->connections--;
    server->is_short = false;
    exchange_on_closed(*own);
    slow_clients_remove(*own);
    discard_unread(socket_of(connection));
    server->has_work = true;
    event_active(server->timer, EV_TIMEOUT, 0);
}

static int socket_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* A socket that is closed with something unread in it is reset, and then a client that was refused
 * in the middle of its body may never see why (RFC 9112 §9.6). */
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

static int listener_of(const struct http_server *server)
{
    return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_LISTEN_FD)->listen_fd;
}

/* A listener that is closed resets what waits in it, and until then the kernel goes on putting a
 * share of the new connections there. Segments of those already made pass. */
static void drop_syns(int listener)
{
    static const unsigned flags_at = 13, syn = 0x02, ack = 0x10; /* of the TCP header */
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_at),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, syn | ack),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, syn, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {.len = ARRAY_COUNT(filter), .filter = filter};

    if (setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
        log_write(LOG_DEBUG, "connections may be reset while draining", LOG_NONE);
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

/* The daemon's time-outs all have one length, so one that is armed is never later than a newer
 * one. */
static void arm_timer(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    struct timeval timeout;

    if (MHD_get_timeout(server->daemon, &timeout_ms) != MHD_YES)
        return;
    if (timeout_ms == 0) {
        server->has_work = true;
        event_active(server->timer, EV_TIMEOUT, 0);
        return;
    }
    if (evtimer_pending(server->timer, NULL))
        return;
    timeout.tv_sec = (time_t)(timeout_ms / 1000);
    timeout.tv_usec = (suseconds_t)(timeout_ms % 1000 * 1000);
    evtimer_add(server->timer, &timeout);
}

static void on_log(void *context, const char *format, va_list arguments)
{
    char message[256];

    if (strncmp(format, SHORTAGE_MESSAGE, strlen(SHORTAGE_MESSAGE)) == 0) {
        on_shortage(context);
        return;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(message, sizeof message, format, arguments);
#pragma GCC diagnostic pop
    log_write(LOG_DEBUG, "libmicrohttpd", LOG_STRING("message", message));
}

/* Left alone, the daemon would try again at once and for ever when it has no connection at all, and
 * not before one of its own has closed when it has some, although others give descriptors back. */
static void on_shortage(struct http_server *server)
{
    int64_t now_us = clock_monotonic_us();

    if (now_us - server->short_said_us >= SHORTAGE_LOG_US) {
        server->short_said_us = now_us;
        log_write(LOG_WARN, "no descriptor left for a connection",
                  LOG_INTEGER("connections", (int64_t)server->connections));
    }
    server->is_short = true;
    if (server->connections == 0)
        event_del(server->readable); /* there is nobody else to serve meanwhile */
    evtimer_add(server->relief, &shortage_rest);
}

/* Without connections the daemon itself tries again; with some, it has to be done for it. */
static void on_relief(evutil_socket_t fd, short events, void *context)
{
    struct http_server *server = context;

    on_readable(fd, events, context);
    event_add(server->readable, NULL);
    if (!server->is_short || server->has_stopped_listening)
        return;
    if (server->connections == 0) {
        server->is_short = false;
        return;
    }
    for (int i = 0; i < SHORTAGE_TAKES_MAX && take_in(server); i++)
        ;
    evtimer_add(server->relief, &shortage_rest);
}

/* One of those who wait, as the daemon would. */
static bool take_in(struct http_server *server)
{
    struct sockaddr_storage address;
    struct sockaddr *at = (struct sockaddr *)&address;
    socklen_t length = sizeof address;
    int fd;

    if (server->connections >= server->connections_max)
        return false;
    fd = accept4(listener_of(server), at, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd >= 0 && MHD_add_connection(server->daemon, fd, at, length) == MHD_YES;
}
