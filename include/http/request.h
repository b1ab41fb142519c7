/* SPDX-License-Identifier: MIT
 *
 * One HTTP request and its answer, independent of the library that carries it.
 *
 * A handler either answers now, by request_answer() or the like, and returns HANDLED_NOW. Or it
 * returns HANDLED_LATER, and a later step on the same worker answers. Everything made for the
 * request lies in its arena, and is freed with it. Worker's thread only.
 *
 * The body of an answer is a text, or a stream that is written piece by piece. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/arena.h"
#include "base/faults.h"
#include "base/form.h"
#include "base/text.h"
#include "http/transport.h"

#include <sys/socket.h>

struct route;
struct stream;

enum handled { HANDLED_NOW, HANDLED_LATER };

/* OPEN: the headers have come. READING: the body comes in. HANDLING: a handler runs. WAITING: it
 * returned HANDLED_LATER, and the request is suspended. STREAMING: the status is set, and the body
 * is being written. ANSWERED: status and body are set. */
enum request_phase {
    REQUEST_OPEN,
    REQUEST_READING,
    REQUEST_HANDLING,
    REQUEST_WAITING,
    REQUEST_STREAMING,
    REQUEST_ANSWERED
};

/* A header field as it came. */
struct request_field {
    struct text name;
    struct text value;
};

#define RESPONSE_FIELDS_MAX 16

struct response_field {
    const char *name;
    const char *value;
};

struct response {
    int status;
    const char *content_type; /* NULL: no body */
    struct text body;         /* in the request's arena, or static */
    struct stream *stream;    /* the body in its place; NULL: it is a text */
    bool close;               /* the connection ends with this answer */
    const char *problem;      /* the type of the problem that it tells; NULL: none */
    size_t field_count;
    struct response_field fields[RESPONSE_FIELDS_MAX];
};

struct request {
    enum request_phase phase;
    struct arena arena;
    const char *method;
    const char *path;             /* without the query; as it came, with its escapes */
    struct request_field *fields; /* in the order they came; see request_header() */
    size_t field_count;
    struct text body;
    const struct route *route; /* set by the api's begin step */
    void *credentials;         /* made by the api's begin step; in the arena */
    void *principal;           /* the owner of the credentials; set by the api */
    const struct sockaddr *peer;
    struct response response;
    struct request_cleanup *cleanups;  /* private: see request_on_close() */
    struct request_cleanup *farewells; /* private: see request_on_end() */
    void *context;                     /* the handler's own state between its steps */
    const struct transport *transport; /* private: what carries the request */
};

/* The value of the field of this name (any case); absent when there is none. Several are joined
 * with ", " (RFC 9110 §5.3), so if a field that may come once comes twice, its value is not valid.
 * In the arena. */
struct text request_header(struct request *request, const char *name);

bool request_has_query(const struct request *request);

/* The query string as a JSON object of strings, for a FORM_TEXTUAL form. A parameter that is
 * repeated or not UTF-8 is a fault. Released with the request. */
const json_t *request_query(struct request *request, struct faults *faults);

/* The client's socket, to watch while the request is WAITING. Only the transport reads and writes
 * it. */
int request_socket(const struct request *request);

/* Tells, before the answer, which tenant the request belongs to. Its connection then belongs to
 * this tenant, until another request says otherwise. When there are few places left, tenants that
 * hold many give way first. */
void request_belong(struct request *request, uint32_t tenant);

/* Sets the answer, once. `body` must lie in the arena or be static; `content_type` is a literal. A
 * WAITING request is resumed in this turn. */
void request_answer(struct request *request, int status, const char *content_type,
                    struct text body);

/* The same with application/json. */
void request_answer_json(struct request *request, int status, struct text body);

/* Answers with a stream, which its owner writes. It may hold at most `bytes_max` bytes that the
 * client has not read, so a longer piece never fits. The connection ends with it. A WAITING request
 * is resumed in this turn.
 *
 * The owner may keep the request until the release of request_on_end(), which comes exactly once:
 * when the stream has ended and its last byte has left, when the client has gone or reads too
 * slowly, or when the server has ended it because it quiesces or needs the place. The client may be
 * told that by an end like any other, so it must be able to ask again. */
void request_answer_stream(struct request *request, int status, const char *content_type,
                           size_t bytes_max);

/* Adds a whole piece to the stream. False if it does not fit now, because the client reads slowly,
 * and also once the stream has ended. A piece may fit on a later turn. */
MUST_USE bool request_stream_write(struct request *request, struct text piece);

/* What was written is still sent. Does nothing if the stream has ended before. */
void request_stream_end(struct request *request);

/* Runs release(object) when the answer has been given, or its stream has begun, in reverse order of
 * these calls. For what the arena does not release (references, JSON values). */
void request_on_close(struct request *request, void *object, void (*release)(void *object));

/* Runs release(object) when the answer has left to its last byte, or never will. For the owner of a
 * stream, and for a share that counts the arena's memory, which stays until the client has read the
 * answer. */
void request_on_end(struct request *request, void *object, void (*release)(void *object));

/* For the transport only. request_init() begins a request. request_release() runs what
 * request_on_close() was given, once the answer is made. request_close() ends it.
 * request_set_phase() is the only way from phase to phase, and asserts that the step is allowed. */
void request_init(struct request *request, const struct transport *transport);
void request_release(struct request *request);
void request_close(struct request *request);
void request_set_phase(struct request *request, enum request_phase phase);

/* A short text in the request's arena, NUL-terminated. */
const char *request_printf(struct request *request, const char *format, ...) PRINTF_LIKE(2, 3);

/* Adds a field to the answer. Possible until the answer is sent: see http_handler.answered. `name`
 * is a literal; `value` a literal or in the arena. */
void request_add_field(struct request *request, const char *name, const char *value);

#endif
