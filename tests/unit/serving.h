/* SPDX-License-Identifier: MIT
 *
 * An HTTP server whose loop is turned by the test, and clients of it. Nothing here blocks. */
#ifndef UNIT_SERVING_H
#define UNIT_SERVING_H

#include "http/http_server.h"

#include <gnutls/gnutls.h>

#define SERVING_SECONDS      20
#define SERVING_OWNERS_MAX   8
#define SERVING_STREAM_BYTES ((size_t)64 * 1024)

#define GET_STREAM     "GET /stream HTTP/1.1"
#define GET_STREAM_1_0 "GET /stream HTTP/1.0"
#define GET_LATER      "GET /later HTTP/1.1"
#define GET_TEXT       "GET /text HTTP/1.1"

#define OWNER_PIECE_BYTES 97

/* What a handler keeps of its request. GET /stream begins a stream at once, GET /later waits until
 * the test answers, and everything else is answered with a text. */
struct owner {
    struct request *request; /* NULL once it is over */
    int told;                /* how often it was told so */
};

struct serving {
    struct event_base *base;
    struct http_server *server;
    struct tls *tls;
    int port;
    size_t stream_bytes;
    size_t owner_count; /* requests for streams so far */
    struct owner owners[SERVING_OWNERS_MAX];
};

/* Zero is the default: plain HTTP, a minute, many connections, SERVING_STREAM_BYTES. */
struct serving_options {
    bool is_tls;
    unsigned idle_timeout_s;
    unsigned connections_max;
    size_t stream_bytes; /* what a stream may hold */
};

/* The sockets of its connections hold little, so that a client that does not read is soon felt. */
void serving_open(struct serving *serving, const struct serving_options *options);
/* Stops the server, if serving_stop() did not. */
void serving_close(struct serving *serving);
void serving_stop(struct serving *serving);

struct reader {
    struct serving *serving;
    int fd;
    gnutls_session_t session; /* NULL: plain */
    gnutls_certificate_credentials_t credentials;
    char *text; /* all that has come; NUL-terminated */
    size_t length;
    bool is_closed; /* the server has ended the connection */
};

/* Connects and asks: "GET /stream HTTP/1.1". */
void reader_open(struct reader *reader, struct serving *serving, const char *request_line);
void reader_send(struct reader *reader, const char *bytes);
/* Closes the socket, as it is left. */
void reader_close(struct reader *reader);

/* Opens it and waits until its answer has begun. Returns the owner of the newest stream. */
struct owner *reader_follow(struct reader *reader, struct serving *serving,
                            const char *request_line);

/* Turns the server's loop. */
void serving_turn(struct serving *serving);
/* Turns it, and the client reads what is there. */
void reader_turn(struct reader *reader);

/* Waits until the owner is told that its stream is over, which must be once. */
void serving_wait_told(struct serving *serving, const struct owner *owner);
/* Waits until only so many connections are open, and no streams. */
void serving_wait_left(struct serving *serving, size_t connections);

/* Writes the piece that says this number. False if it is refused. */
bool owner_write(const struct owner *owner, size_t number);
/* Writes pieces until the client's buffers and its stream are full, or the stream is over. Returns
 * how many were taken. */
size_t serving_fill(struct serving *serving, const struct owner *owner);

/* Whether this has come. */
bool reader_has(const struct reader *reader, const char *text);
/* Whether the body is complete, by its last chunk. */
bool reader_has_last_chunk(const struct reader *reader);
/* The body that has come so far must be this, without the framing of its chunks. */
void reader_expect(const struct reader *reader, const char *body);
/* It must be so many pieces, which say their numbers from 0 on, and all whole. */
void reader_expect_numbered(const struct reader *reader, size_t count);

#endif
