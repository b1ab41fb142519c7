/* SPDX-License-Identifier: MIT */
#include "serving.h"

#include "base/memory.h"
#include "support/certificate.h"
#include "support/cmocka.h"
#include "support/raw.h"
#include "support/wait.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES    4096 /* of the server's sockets; the kernel doubles it */
#define IDLE_TIMEOUT_S  60
#define CONNECTIONS_MAX 64
#define BLOCK_BYTES     ((size_t)16 * 1024)
#define TURNS           20
/* In a row, with a rest after each. The client's system may take some more after a delayed
 * acknowledgement. */
#define REFUSALS 100

static size_t on_begin(struct request *request, void *context);
static enum handled on_finish(struct request *request, void *context);
static void on_answered(struct request *request, void *context);
static void on_between(void *context);
static bool trust(const struct ip_address *address, void *context);
static void on_over(void *object);
static int listen_with_small_buffers(void);
static struct tls *make_tls(void);
static void begin_tls(struct reader *reader);
static ssize_t receive(struct reader *reader, char *to, size_t bytes);
static char *body_of(const struct reader *reader);
static void copy_chunks(const char *at, const char *end, char *body);

void serving_open(struct serving *serving, const struct serving_options *options)
{
    struct error error = {0};
    struct http_server_options server = {
        .listen_fd = listen_with_small_buffers(),
        .connections_max = options->connections_max ? options->connections_max : CONNECTIONS_MAX,
        .idle_timeout_s = options->idle_timeout_s ? options->idle_timeout_s : IDLE_TIMEOUT_S,
        .request_timeout_s = IDLE_TIMEOUT_S,
        .handler = {serving, on_begin, on_finish, on_answered, on_between, trust},
    };

    *serving = (struct serving){.base = event_base_new(), .port = raw_port(server.listen_fd)};
    assert_non_null(serving->base);
    serving->stream_bytes = options->stream_bytes ? options->stream_bytes : SERVING_STREAM_BYTES;
    if (options->is_tls)
        serving->tls = make_tls();
    server.tls = serving->tls;
    serving->server = http_server_new(serving->base, &server, &error);
    assert_non_null(serving->server);
    http_server_open(serving->server);
}

void serving_close(struct serving *serving)
{
    serving_stop(serving);
    tls_release(serving->tls);
    event_base_free(serving->base);
}

void serving_stop(struct serving *serving)
{
    http_server_free(serving->server);
    serving->server = NULL;
}

void serving_turn(struct serving *serving)
{
    assert_true(event_base_loop(serving->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
    if (serving->server)
        http_server_turn(serving->server);
}

void reader_open(struct reader *reader, struct serving *serving, const char *request_line)
{
    char head[256];

    *reader = (struct reader){.serving = serving, .fd = raw_connect(serving->port)};
    assert_int_equal(fcntl(reader->fd, F_SETFL, O_NONBLOCK), 0);
    reader->text = memory_new(1, 1);
    if (serving->tls)
        begin_tls(reader);
    (void)snprintf(head, sizeof(head), "%s\r\nHost: localhost\r\n\r\n", request_line);
    reader_send(reader, head);
}

struct owner *reader_follow(struct reader *reader, struct serving *serving,
                            const char *request_line)
{
    reader_open(reader, serving, request_line);
    WAIT_FOR (SERVING_SECONDS, reader_has(reader, "\r\n\r\n"))
        reader_turn(reader);
    return serving->owner_count > 0 ? &serving->owners[serving->owner_count - 1] : NULL;
}

void serving_wait_told(struct serving *serving, const struct owner *owner)
{
    WAIT_FOR (SERVING_SECONDS, owner->told > 0)
        serving_turn(serving);
    assert_int_equal(owner->told, 1);
}

void serving_wait_left(struct serving *serving, size_t connections)
{
    WAIT_FOR (SERVING_SECONDS, http_server_connections(serving->server) == connections)
        serving_turn(serving);
    assert_int_equal(http_server_streams(serving->server), 0);
}

bool owner_write(const struct owner *owner, size_t number)
{
    char piece[OWNER_PIECE_BYTES + 1];

    (void)snprintf(piece, sizeof(piece), "%-*zu\n", OWNER_PIECE_BYTES - 1, number);
    return request_stream_write(owner->request, (struct text){piece, OWNER_PIECE_BYTES});
}

size_t serving_fill(struct serving *serving, const struct owner *owner)
{
    size_t written = 0;
    size_t refused = 0;

    WAIT_FOR (SERVING_SECONDS, refused == REFUSALS || owner->request == NULL) {
        const size_t before = written;

        while (owner_write(owner, written))
            written++;
        refused = written > before ? 0 : refused + 1;
        serving_turn(serving);
    }
    return written;
}

void reader_send(struct reader *reader, const char *bytes)
{
    const size_t count = strlen(bytes);
    const ssize_t sent = reader->session ? gnutls_record_send(reader->session, bytes, count)
                                         : send(reader->fd, bytes, count, MSG_NOSIGNAL);

    assert_int_equal(sent, count);
}

void reader_close(struct reader *reader)
{
    if (reader->session) {
        gnutls_deinit(reader->session);
        gnutls_certificate_free_credentials(reader->credentials);
    }
    (void)close(reader->fd);
    free(reader->text);
}

void reader_turn(struct reader *reader)
{
    char block[BLOCK_BYTES];

    for (int i = 0; i < TURNS; i++) {
        ssize_t bytes;

        serving_turn(reader->serving);
        while ((bytes = receive(reader, block, sizeof(block))) > 0) {
            reader->text = memory_resize(reader->text, reader->length + (size_t)bytes + 1);
            memcpy(reader->text + reader->length, block, (size_t)bytes);
            reader->length += (size_t)bytes;
            reader->text[reader->length] = '\0';
        }
        reader->is_closed = bytes == 0;
    }
}

bool reader_has(const struct reader *reader, const char *text)
{
    return strstr(reader->text, text) != NULL;
}

void reader_expect(const struct reader *reader, const char *expected)
{
    char *body = body_of(reader);

    assert_string_equal(body, expected);
    free(body);
}

void reader_expect_numbered(const struct reader *reader, size_t count)
{
    char *body = body_of(reader);

    assert_int_equal(strlen(body), count * OWNER_PIECE_BYTES);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(strtoul(body + i * OWNER_PIECE_BYTES, NULL, 10), i);
    free(body);
}

bool reader_has_last_chunk(const struct reader *reader)
{
    static const char last[] = "\r\n0\r\n\r\n";
    const size_t length = strlen(last);

    return reader->length >= length && strcmp(reader->text + reader->length - length, last) == 0;
}

static size_t on_begin(struct request *request, void *context)
{
    (void)request;
    (void)context;
    return 0;
}

static enum handled on_finish(struct request *request, void *context)
{
    struct serving *serving = context;
    const bool is_later = strcmp(request->path, "/later") == 0;
    struct owner *owner;

    if (!is_later && strcmp(request->path, "/stream") != 0) {
        request_answer(request, 200, "text/plain", TEXT("text"));
        return HANDLED_NOW;
    }
    assert_true(serving->owner_count < SERVING_OWNERS_MAX);
    owner = &serving->owners[serving->owner_count++];
    owner->request = request;
    request_on_end(request, owner, on_over);
    if (is_later)
        return HANDLED_LATER;
    request_answer_stream(request, 200, "text/event-stream", serving->stream_bytes);
    return HANDLED_NOW;
}

static void on_answered(struct request *request, void *context)
{
    (void)request;
    (void)context;
}

static void on_between(void *context)
{
    (void)context;
}

static bool trust(const struct ip_address *address, void *context)
{
    (void)address;
    (void)context;
    return true;
}

static void on_over(void *object)
{
    struct owner *owner = object;

    owner->request = NULL;
    owner->told++;
}

static int listen_with_small_buffers(void)
{
    const int bytes = BUFFER_BYTES;
    int fd = raw_listen();

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static struct tls *make_tls(void)
{
    struct error error = {0};
    struct certificate certificate =
        certificate_make(&(struct certificate_options){.name = "serving"});
    const struct tls_parts parts = {certificate.pem, certificate.key, "SECURE128"};
    struct tls *tls = tls_new(&parts, &error);

    assert_non_null(tls);
    certificate_free(&certificate);
    return tls;
}

static void begin_tls(struct reader *reader)
{
    int done = GNUTLS_E_AGAIN;

    assert_int_equal(gnutls_certificate_allocate_credentials(&reader->credentials), 0);
    assert_int_equal(
        gnutls_init(&reader->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL), 0);
    assert_int_equal(gnutls_set_default_priority(reader->session), 0);
    assert_int_equal(
        gnutls_credentials_set(reader->session, GNUTLS_CRD_CERTIFICATE, reader->credentials), 0);
    gnutls_transport_set_int(reader->session, reader->fd);
    WAIT_FOR (SERVING_SECONDS, (done = gnutls_handshake(reader->session)) != GNUTLS_E_AGAIN)
        serving_turn(reader->serving);
    assert_int_equal(done, 0);
}

/* 0: the server has ended the connection. Below 0: nothing is there. */
static ssize_t receive(struct reader *reader, char *to, size_t bytes)
{
    ssize_t received;

    if (!reader->session) {
        received = recv(reader->fd, to, bytes, MSG_DONTWAIT);
        return received < 0 && errno != EAGAIN ? 0 : received;
    }
    received = gnutls_record_recv(reader->session, to, bytes);
    return received < 0 && gnutls_error_is_fatal((int)received) ? 0 : received;
}

static char *body_of(const struct reader *reader)
{
    const char *end = reader->text + reader->length;
    const char *at = strstr(reader->text, "\r\n\r\n");
    char *body = memory_new(reader->length + 1, 1);

    assert_non_null(at);
    at += strlen("\r\n\r\n");
    if (reader_has(reader, "\r\nTransfer-Encoding: chunked\r\n"))
        copy_chunks(at, end, body);
    else
        memcpy(body, at, (size_t)(end - at));
    return body;
}

/* A chunk that has not come to its end is not part of the body. */
static void copy_chunks(const char *at, const char *end, char *body)
{
    while (at < end) {
        char *data;
        const size_t size = strtoul(at, &data, 16);

        if (size == 0 || end - data < (ptrdiff_t)(size + strlen("\r\n\r\n")))
            return;
        assert_memory_equal(data, "\r\n", 2);
        memcpy(body, data + 2, size);
        body += size;
        at = data + 2 + size;
        assert_memory_equal(at, "\r\n", 2);
        at += 2;
    }
}
