/* SPDX-License-Identifier: MIT
 *
 * libmicrohttpd in external epoll mode inside libevent. Its epoll descriptor is one event of ours;
 * that event only notes that there is work, and http_server_turn() does it, once per turn.
 *
 * An exchange is one request with its connection. libmicrohttpd makes us create it when the
 * request line has been read (on_uri), calls on_access once with the headers, once per piece of
 * body and again when the body is complete or the connection was resumed, and on_completed
 * exactly once at the end. */
#include "http/http_server.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/framing.h"
#include "http/problem.h"

#include <event2/event.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <unistd.h>

/* libmicrohttpd clears this much for every request, so it is kept small: 431 for headers beyond
 * it. */
#define CONNECTION_POOL_BYTES ((size_t)6 * 1024)
/* Reserved for a body at first: a client that announces much and sends little must not cost
 * much. */
#define BODY_RESERVED_BYTES_MAX 4096
/* How much of a body that is refused anyway is read, so that the client gets to see the answer. */
#define DISCARDED_BYTES_MAX ((size_t)1024 * 1024)

struct http_server {
    struct http_handler handler;
    struct MHD_Daemon *daemon;
    struct event *readable; /* the daemon's epoll descriptor */
    struct event *timer;    /* the daemon's next time-out */
    bool has_work;
    bool quiesced;
    int port;
    size_t waiting;  /* suspended */
    size_t incoming; /* not complete yet */
    size_t busy;     /* complete, and not answered to the last byte */
};

struct exchange {
    struct request request;
    struct http_server *server;
    struct MHD_Connection *connection;
    bool path_has_nul;
    bool is_complete; /* nothing more of it is read: counts as busy */
    size_t body_bytes_max;
    size_t discarded;
    struct buffer body;
};

/* Before a request. */
static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection);
/* With each step of a request. */
static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_size, void **exchange_context);
static enum MHD_Result begin(struct exchange *exchange, const char *url, const char *method,
                             const char *version);
static bool refuse_framing(struct exchange *exchange, const char *version, struct framing *framing);
static enum MHD_Result read_body(struct exchange *exchange, const char *data, size_t *data_size);
static enum MHD_Result finish(struct exchange *exchange);
static void complete(struct exchange *exchange);
static enum MHD_Result send_response(struct exchange *exchange);
/* After a request. */
static void on_completed(void *context, struct MHD_Connection *connection, void **exchange_context,
                         enum MHD_RequestTerminationCode code);

static void on_readable(evutil_socket_t fd, short events, void *context);
static void on_timer(evutil_socket_t fd, short events, void *context);
static void arm_timer(struct http_server *server);
static void on_log(void *context, const char *format, va_list arguments);

static struct text transport_header(const struct request *request, const char *name);
static void transport_each_header(const struct request *request, void *context,
                                  transport_visit_fn *visit);
static void transport_each_argument(const struct request *request, void *context,
                                    transport_visit_fn *visit);
static void transport_resume(struct request *request);

static const struct transport transport = {transport_header, transport_each_header,
                                           transport_each_argument, transport_resume};

struct http_server *http_server_new(struct event_base *base,
                                    const struct http_server_options *options, struct error *error)
{
    struct http_server *server = MEMORY_NEW(struct http_server);
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, NULL},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct sockaddr_storage address = {0};
    const union MHD_DaemonInfo *info;

    server->handler = options->handler;
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
        flags, 0, NULL, NULL, on_access, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U,
        MHD_OPTION_CONNECTION_LIMIT, options->connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        options->connections_per_ip_max, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_POOL_BYTES, MHD_OPTION_URI_LOG_CALLBACK,
        on_uri, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_ARRAY, tls,
        MHD_OPTION_END);
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
    event_add(server->readable, NULL);
    return server;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_turn(struct http_server *server)
{
    if (!server->has_work)
        return;
    server->has_work = false;
    MHD_run(server->daemon);
    arm_timer(server);
}

void http_server_quiesce(struct http_server *server)
{
    MHD_socket listener;

    if (server->quiesced)
        return;
    server->quiesced = true;
    listener = MHD_quiesce_daemon(server->daemon);
    if (listener != MHD_INVALID_SOCKET)
        close(listener);
}

size_t http_server_incoming(const struct http_server *server)
{
    return server->incoming;
}

size_t http_server_busy(const struct http_server *server)
{
    return server->busy;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    ASSERT(server->waiting == 0);
    MHD_stop_daemon(server->daemon);
    event_free(server->readable);
    event_free(server->timer);
    free(server);
}

/* The raw request target: libmicrohttpd unescapes the path in place, and a %00 would cut it
 * short. */
static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct http_server *server = context;
    struct exchange *exchange = MEMORY_NEW(struct exchange);
    const char *query = strchr(uri, '?');
    const char *nul = strstr(uri, "%00");

    request_init(&exchange->request, &transport);
    exchange->server = server;
    exchange->connection = connection;
    exchange->path_has_nul = nul && (!query || nul < query);
    server->incoming++;
    return exchange;
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_size, void **exchange_context)
{
    struct exchange *exchange = *exchange_context;

    (void)context;
    (void)connection;
    if (exchange->request.phase == REQUEST_OPEN)
        return begin(exchange, url, method, version);
    if (*data_size > 0)
        return read_body(exchange, data, data_size);
    if (exchange->request.phase == REQUEST_READING)
        return finish(exchange);
    return send_response(exchange);
}

/* A response that is queued now, with the body unread, ends the connection; so one that came
 * before the body, and whose request may leave the connection usable, is kept until the body has
 * been read. */
static enum MHD_Result begin(struct exchange *exchange, const char *url, const char *method,
                             const char *version)
{
    struct request *request = &exchange->request;
    struct http_handler *handler = &exchange->server->handler;
    struct framing framing;

    request->method = method;
    request->path = url;
    request->peer =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            ->client_addr;
    if (refuse_framing(exchange, version, &framing))
        return send_response(exchange);

    exchange->body_bytes_max = handler->begin(request, handler->context);
    if (framing.content_length > (int64_t)exchange->body_bytes_max) {
        if (request->phase != REQUEST_ANSWERED)
            problem_answer(request, PROBLEM_TOO_LARGE, "The body may have at most %zu bytes.",
                           exchange->body_bytes_max);
        request->response.close = true;
        return send_response(exchange);
    }
    if (request->phase == REQUEST_OPEN)
        request_set_phase(request, REQUEST_READING);
    if (framing.content_length > 0 || framing.is_chunked)
        buffer_init(&exchange->body, &request->arena,
                    framing.is_chunked || framing.content_length > BODY_RESERVED_BYTES_MAX
                        ? BODY_RESERVED_BYTES_MAX
                        : (size_t)framing.content_length);
    return MHD_YES;
}

static bool refuse_framing(struct exchange *exchange, const char *version, struct framing *framing)
{
    const char *fault;

    framing_init(framing, strcmp(version, "HTTP/1.0") != 0);
    transport_each_header(&exchange->request, framing, framing_on_header);
    fault = exchange->path_has_nul ? "The path contains %00." : framing_fault(framing);
    if (!fault)
        return false;
    problem_answer(&exchange->request, PROBLEM_BAD_REQUEST, "%s", fault);
    exchange->request.response.close = true;
    return true;
}

static enum MHD_Result read_body(struct exchange *exchange, const char *data, size_t *data_size)
{
    struct request *request = &exchange->request;
    size_t size = *data_size;

    *data_size = 0;
    if (request->phase == REQUEST_READING) {
        if (exchange->body.length + size <= exchange->body_bytes_max) {
            buffer_add(&exchange->body, (struct text){data, size});
            return MHD_YES;
        }
        problem_answer(request, PROBLEM_TOO_LARGE, "The body may have at most %zu bytes.",
                       exchange->body_bytes_max);
        request->response.close = true;
    }
    exchange->discarded += size;
    return exchange->discarded <= DISCARDED_BYTES_MAX ? MHD_YES : MHD_NO;
}

static enum MHD_Result finish(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    struct http_handler *handler = &exchange->server->handler;

    complete(exchange);
    request->body = buffer_text(&exchange->body);
    request_set_phase(request, REQUEST_HANDLING);
    if (handler->finish(request, handler->context) == HANDLED_NOW)
        return send_response(exchange);
    request_set_phase(request, REQUEST_WAITING);
    exchange->server->waiting++;
    MHD_suspend_connection(exchange->connection);
    return MHD_YES;
}

static void complete(struct exchange *exchange)
{
    if (exchange->is_complete)
        return;
    exchange->is_complete = true;
    exchange->server->incoming--;
    exchange->server->busy++;
}

static enum MHD_Result send_response(struct exchange *exchange)
{
    const struct response *response = &exchange->request.response;
    struct MHD_Response *carrier;
    enum MHD_Result queued = MHD_YES;
    /* The API is not const, but PERSISTENT memory is only read. */
    union {
        const char *borrowed;
        void *carried;
    } body = {.borrowed = response->body.at};

    ASSERT(exchange->request.phase == REQUEST_ANSWERED);
    complete(exchange);
    carrier = MHD_create_response_from_buffer(response->body.length, body.carried,
                                              MHD_RESPMEM_PERSISTENT);
    if (!carrier)
        return MHD_NO;
    if (response->content_type)
        queued &=
            MHD_add_response_header(carrier, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);
    for (size_t i = 0; i < response->field_count; i++)
        queued &=
            MHD_add_response_header(carrier, response->fields[i].name, response->fields[i].value);
    if (response->close || exchange->server->quiesced)
        queued &= MHD_add_response_header(carrier, MHD_HTTP_HEADER_CONNECTION, "close");
    if (queued)
        queued = MHD_queue_response(exchange->connection, (unsigned)response->status, carrier);
    MHD_destroy_response(carrier);
    return queued;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **exchange_context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_server *server = context;
    struct exchange *exchange = *exchange_context;

    (void)connection;
    (void)code;
    if (!exchange)
        return;
    ASSERT(exchange->request.phase != REQUEST_WAITING);
    *exchange_context = NULL;
    if (exchange->is_complete)
        server->busy--;
    else
        server->incoming--;
    request_close(&exchange->request);
    free(exchange);
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

    (void)context;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(message, sizeof message, format, arguments);
#pragma GCC diagnostic pop
    log_write(LOG_DEBUG, "libmicrohttpd", LOG_STRING("message", message));
}

static struct text transport_header(const struct request *request, const char *name)
{
    const struct exchange *exchange = (const struct exchange *)(const void *)request;

    return text_of(MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name));
}

struct visiting {
    void *context;
    transport_visit_fn *visit;
};

static enum MHD_Result on_value(void *context, enum MHD_ValueKind kind, const char *name,
                                size_t name_length, const char *value, size_t value_length)
{
    struct visiting *visiting = context;

    (void)kind;
    visiting->visit(visiting->context, (struct text){name, name_length},
                    (struct text){value, value_length});
    return MHD_YES;
}

static void transport_each_header(const struct request *request, void *context,
                                  transport_visit_fn *visit)
{
    const struct exchange *exchange = (const struct exchange *)(const void *)request;
    struct visiting visiting = {context, visit};

    MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, on_value, &visiting);
}

static void transport_each_argument(const struct request *request, void *context,
                                    transport_visit_fn *visit)
{
    const struct exchange *exchange = (const struct exchange *)(const void *)request;
    struct visiting visiting = {context, visit};

    MHD_get_connection_values_n(exchange->connection, MHD_GET_ARGUMENT_KIND, on_value, &visiting);
}

static void transport_resume(struct request *request)
{
    struct exchange *exchange = CONTAINER_OF(request, struct exchange, request);

    exchange->server->waiting--;
    exchange->server->has_work = true;
    MHD_resume_connection(exchange->connection);
}
