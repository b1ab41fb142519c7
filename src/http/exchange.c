/* SPDX-License-Identifier: MIT */
#include "exchange.h"

#include "base/memory.h"
#include "http/head.h"
#include "http/problem.h"
#include "http/target.h"

#include "body.h"
#include "clients.h"
#include "head_reader.h"

#include <sanitizer/asan_interface.h>
#include <stdalign.h>

/* Some milliseconds of work, and so many that the work in between hardly costs. */
#define REQUESTS_IN_A_ROW 128

/* How many ended exchanges are kept, and the least memory that each has for its request's arena: an
 * ordinary request needs no malloc(). */
#define EXCHANGES_KEPT_MAX 256
#define STORAGE_BYTES      ((size_t)3072)

struct exchange {
    struct request request;
    struct exchanges *exchanges;
    struct MHD_Connection *connection;
    struct client *client; /* the other end of its connection */
    struct target target;  /* its host is a copy in the arena */
    const char *escaped;   /* the path as it came if it has escapes, otherwise NULL */
    size_t body_bytes_max;
    struct answer answer;
    struct outlet *outlet; /* of its stream */
    /* The members from here on outlive the request. */
    struct body body;
    struct exchange *next_kept;
    alignas(max_align_t) char storage[STORAGE_BYTES];
};

/* The steps of a request. */
static struct exchange *exchange_new(struct exchanges *exchanges);
static const char *copy_escaped(struct exchange *exchange, const char *path);
static enum MHD_Result begin(struct exchange *exchange, const char *url, const char *method,
                             const char *version);
static void refuse_large(struct exchange *exchange);
static enum MHD_Result read_body(struct exchange *exchange, const char *data, size_t *data_size);
static enum MHD_Result finish(struct exchange *exchange);
static void complete(struct exchange *exchange);
static void suspend(struct exchange *exchange);
static void release(struct exchange *exchange);
static enum MHD_Result send_response(struct exchange *exchange);
static void open_stream(struct exchange *exchange);
static void end(struct exchange *exchange);
static void keep(struct exchange *exchange);
static void exchange_free(struct exchange *exchange);

/* What a request needs from its connection. */
static void transport_each_argument(const struct request *request, void *context,
                                    transport_visit_fn *visit);
static int transport_socket(const struct request *request);
static void transport_belong(struct request *request, uint32_t tenant);
static void transport_resume(struct request *request);
static void transport_wake(struct request *request);

static const struct transport transport = {transport_each_argument, transport_socket,
                                           transport_belong, transport_resume, transport_wake};

void exchanges_init(struct exchanges *exchanges, struct event_base *base,
                    const struct http_server_options *options)
{
    *exchanges = (struct exchanges){.handler = options->handler};
    shares_init(&exchanges->bodies, BODIES_BYTES_MAX);
    carrier_fields_init(&exchanges->fields, options);
    answers_init(&exchanges->answers);
    outlets_init(&exchanges->outlets, base, &exchanges->answers, &exchanges->resumed,
                 options->idle_timeout_s);
}

void exchanges_quiesce(struct exchanges *exchanges)
{
    exchanges->quiesced = true;
    outlets_end(&exchanges->outlets);
}

/* Takes the raw request target, because libmicrohttpd unescapes it in place. */
void *exchange_on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct exchanges *exchanges = context;
    struct client *client =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    struct exchange *exchange;

    if (++exchanges->begun % REQUESTS_IN_A_ROW == 0)
        exchanges->handler.between(exchanges->handler.context);
    exchange = exchange_new(exchanges);
    exchange_on_closed(client);
    exchange->connection = connection;
    exchange->client = client;
    client->exchange = exchange;
    target_parse(text_of(uri), &exchange->target);
    exchange->target.host = text_copy(&exchange->request.arena, exchange->target.host);
    exchange->escaped = copy_escaped(exchange, uri + exchange->target.path_at);
    client_set_state(exchange->client, CLIENT_SENDING);
    return exchange;
}

enum MHD_Result exchange_on_access(void *context, struct MHD_Connection *connection,
                                   const char *url, const char *method, const char *version,
                                   const char *data, size_t *data_size, void **exchange_context)
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

static struct exchange *exchange_new(struct exchanges *exchanges)
{
    struct exchange *exchange = exchanges->kept;

    if (exchange) {
        exchanges->kept = exchange->next_kept;
        exchanges->kept_count--;
        ASAN_UNPOISON_MEMORY_REGION(&exchange->request, sizeof exchange->request);
        ASAN_UNPOISON_MEMORY_REGION(exchange->storage, sizeof exchange->storage);
        memset(exchange, 0, offsetof(struct exchange, body));
    } else {
        exchange = MEMORY_NEW(struct exchange);
    }
    request_init(&exchange->request, &transport);
    arena_init_storage(&exchange->request.arena, exchange->storage, sizeof exchange->storage);
    exchange->exchanges = exchanges;
    return exchange;
}

/* The path without the query, or NULL when nothing in it is escaped. */
static const char *copy_escaped(struct exchange *exchange, const char *path)
{
    struct text rest = text_of(path);
    struct text raw = text_cut(&rest, '?');

    return memchr(raw.at, '%', raw.length) ? text_copy(&exchange->request.arena, raw).at : NULL;
}

/* A response that is queued now, while the body is unread, ends the connection. So an answer given
 * before the body is kept until the body is read, if the request may leave the connection
 * usable. */
static enum MHD_Result begin(struct exchange *exchange, const char *url, const char *method,
                             const char *version)
{
    struct request *request = &exchange->request;
    struct http_handler *handler = &exchange->exchanges->handler;
    struct head head;

    request->method = method;
    request->path = exchange->escaped ? exchange->escaped : url + exchange->target.path_at;
    if (*request->path == '\0')
        request->path = "/";
    request->peer =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            ->client_addr;
    if (!head_reader_read(request, exchange->connection, version, &exchange->target, &head))
        return send_response(exchange);

    exchange->body_bytes_max = handler->begin(request, handler->context);
    exchange->body.tenant = client_tenant(exchange->client);
    if (head.content_length > (int64_t)exchange->body_bytes_max) {
        refuse_large(exchange);
        return send_response(exchange);
    }
    if (request->phase == REQUEST_OPEN)
        request_set_phase(request, REQUEST_READING);
    return MHD_YES;
}

static void refuse_large(struct exchange *exchange)
{
    struct request *request = &exchange->request;

    if (request->phase != REQUEST_ANSWERED)
        problem_answer(request, PROBLEM_TOO_LARGE, "The body may have at most %zu bytes.",
                       exchange->body_bytes_max);
    request->response.close = true;
}

/* A refused body is read to its end, because libmicrohttpd accepts no answer in the middle of one.
 * It has as much time as any other. Its room is freed at once: otherwise, of many bodies that grow
 * side by side, none would get further. */
static enum MHD_Result read_body(struct exchange *exchange, const char *data, size_t *data_size)
{
    struct request *request = &exchange->request;
    size_t size = *data_size;

    *data_size = 0;
    if (request->phase == REQUEST_READING) {
        switch (body_add(&exchange->body, (struct text){data, size}, exchange->body_bytes_max,
                         &exchange->exchanges->bodies)) {
        case BODY_ADDED:
            return MHD_YES;
        case BODY_TOO_LARGE:
            refuse_large(exchange);
            break;
        case BODY_NO_ROOM:
            exchange->exchanges->bodies_refused++;
            problem_answer(request, PROBLEM_OVERLOADED, "Too many bodies are coming in.");
            request->response.close = true;
            break;
        }
        body_clear(&exchange->body, &exchange->exchanges->bodies);
    }
    return MHD_YES;
}

static enum MHD_Result finish(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    struct http_handler *handler = &exchange->exchanges->handler;

    complete(exchange);
    request->body = body_text(&exchange->body);
    request_set_phase(request, REQUEST_HANDLING);
    if (handler->finish(request, handler->context) == HANDLED_NOW)
        return send_response(exchange);
    suspend(exchange);
    return MHD_YES;
}

static void complete(struct exchange *exchange)
{
    if (exchange->client->state == CLIENT_SENDING)
        client_set_state(exchange->client, CLIENT_ASKING);
}

static void suspend(struct exchange *exchange)
{
    request_set_phase(&exchange->request, REQUEST_WAITING);
    exchange->exchanges->waiting++;
    MHD_suspend_connection(exchange->connection);
}

/* A client may take long to read the answer. Body, JSON and app are not kept until then. */
static void release(struct exchange *exchange)
{
    request_release(&exchange->request);
    exchange->request.body = (struct text){0};
    body_clear(&exchange->body, &exchange->exchanges->bodies);
}

static enum MHD_Result send_response(struct exchange *exchange)
{
    struct exchanges *exchanges = exchange->exchanges;
    struct request *request = &exchange->request;
    struct MHD_Response *carrier;
    enum MHD_Result queued;
    bool closes;

    ASSERT(request->phase == REQUEST_ANSWERED || request->phase == REQUEST_STREAMING);
    exchange->client->is_cut_short = exchange->client->state == CLIENT_SENDING;
    complete(exchange);
    client_set_state(exchange->client, CLIENT_READING);
    exchanges->handler.answered(request, exchanges->handler.context);
    release(exchange);
    answers_add(&exchanges->answers, &exchange->answer, exchange->client,
                arena_bytes(&request->arena));
    if (request->response.stream)
        open_stream(exchange);
    closes = request->response.stream || request->response.close || exchanges->quiesced ||
             client_gives_way(exchange->client);
    carrier = carrier_new(request, exchange->outlet, &exchanges->fields, closes);
    if (!carrier)
        return MHD_NO;
    queued = MHD_queue_response(exchange->connection, (unsigned)request->response.status, carrier);
    MHD_destroy_response(carrier);
    return queued;
}

static void open_stream(struct exchange *exchange)
{
    struct exchanges *exchanges = exchange->exchanges;

    client_set_state(exchange->client, CLIENT_FOLLOWING);
    exchange->outlet =
        outlet_new(&exchanges->outlets, &exchange->request, exchange->client, exchange->connection);
    if (exchanges->quiesced)
        request_stream_end(&exchange->request);
}

void exchange_on_completed(void *context, struct MHD_Connection *connection,
                           void **exchange_context, enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *exchange_context;

    (void)context;
    (void)connection;
    if (!exchange)
        return;
    if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
        client_was_silent(exchange->client);
    end(exchange);
    *exchange_context = NULL;
}

/* libmicrohttpd does not report the end of a request that it refused by itself. */
void exchange_on_closed(struct client *client)
{
    if (client->exchange)
        end(client->exchange);
}

static void end(struct exchange *exchange)
{
    struct exchanges *exchanges = exchange->exchanges;

    ASSERT(exchange->request.phase != REQUEST_WAITING);
    exchange->client->exchange = NULL;
    client_set_state(exchange->client, CLIENT_IDLE);
    answers_remove(&exchanges->answers, &exchange->answer);
    outlet_free(exchange->outlet);
    exchange->outlet = NULL;
    release(exchange);
    request_close(&exchange->request);
    keep(exchange);
}

/* The address sanitizer must catch any use of a request after its end, as if it were freed. */
static void keep(struct exchange *exchange)
{
    struct exchanges *exchanges = exchange->exchanges;

    if (exchanges->kept_count == EXCHANGES_KEPT_MAX) {
        exchange_free(exchange);
        return;
    }
    exchange->next_kept = exchanges->kept;
    exchanges->kept = exchange;
    exchanges->kept_count++;
    ASAN_POISON_MEMORY_REGION(&exchange->request, sizeof exchange->request);
    ASAN_POISON_MEMORY_REGION(exchange->storage, sizeof exchange->storage);
}

void exchanges_give_up(struct exchanges *exchanges)
{
    ASSERT(exchanges->waiting == 0);
    outlets_give_up(&exchanges->outlets);
}

void exchanges_close(struct exchanges *exchanges)
{
    while (exchanges->kept) {
        struct exchange *exchange = exchanges->kept;

        exchanges->kept = exchange->next_kept;
        exchange_free(exchange);
    }
    exchanges->kept_count = 0;
    shares_close(&exchanges->bodies);
}

static void exchange_free(struct exchange *exchange)
{
    body_close(&exchange->body, &exchange->exchanges->bodies);
    free(exchange);
}

struct visiting {
    void *context;
    transport_visit_fn *visit;
};

static enum MHD_Result on_argument(void *context, enum MHD_ValueKind kind, const char *name,
                                   size_t name_length, const char *value, size_t value_length)
{
    struct visiting *visiting = context;

    (void)kind;
    visiting->visit(visiting->context, (struct text){name, name_length},
                    (struct text){value, value_length});
    return MHD_YES;
}

static void transport_each_argument(const struct request *request, void *context,
                                    transport_visit_fn *visit)
{
    const struct exchange *exchange = (const struct exchange *)(const void *)request;
    struct visiting visiting = {context, visit};

    if (exchange->target.has_query)
        MHD_get_connection_values_n(exchange->connection, MHD_GET_ARGUMENT_KIND, on_argument,
                                    &visiting);
}

static int transport_socket(const struct request *request)
{
    const struct exchange *exchange = (const struct exchange *)(const void *)request;

    return MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
        ->connect_fd;
}

static void transport_belong(struct request *request, uint32_t tenant)
{
    client_belong(CONTAINER_OF(request, struct exchange, request)->client, tenant);
}

static void transport_resume(struct request *request)
{
    struct exchange *exchange = CONTAINER_OF(request, struct exchange, request);

    exchange->exchanges->waiting--;
    exchange->exchanges->resumed = true;
    MHD_resume_connection(exchange->connection);
}

static void transport_wake(struct request *request)
{
    struct exchange *exchange = CONTAINER_OF(request, struct exchange, request);

    if (exchange->outlet)
        outlet_wake(exchange->outlet);
}
