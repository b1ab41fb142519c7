/* SPDX-License-Identifier: MIT
 *
 * One HTTP request and its answer, without any trace of the library that carries it.
 *
 * A handler answers now, by request_answer() and its kin, and returns HANDLED_NOW; or returns
 * HANDLED_LATER, and the answer follows from a later step on the same worker. Everything made for
 * the request lies in its arena and goes with it. Worker's thread only. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/arena.h"
#include "base/faults.h"
#include "base/form.h"
#include "base/text.h"
#include "http/transport.h"

#include <sys/socket.h>

struct route;

enum handled { HANDLED_NOW, HANDLED_LATER };

/* OPEN: headers are here. READING: the body comes in. HANDLING: a handler runs. WAITING: it
 * returned HANDLED_LATER; suspended. ANSWERED: status and body are set. */
enum request_phase {
    REQUEST_OPEN,
    REQUEST_READING,
    REQUEST_HANDLING,
    REQUEST_WAITING,
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
    bool close;               /* the connection ends with this answer */
    size_t field_count;
    struct response_field fields[RESPONSE_FIELDS_MAX];
};

struct request {
    enum request_phase phase;
    struct arena arena;
    const char *method;
    const char *path;             /* without the query; as it came, escapes and all */
    struct request_field *fields; /* in the order they came; see request_header() */
    size_t field_count;
    struct text body;
    const struct route *route; /* set by the api's begin step */
    void *credentials;         /* what the api's begin step makes of them; in the arena */
    void *principal;           /* whom the credentials belong to; set by the api */
    const struct sockaddr *peer;
    struct response response;
    struct request_cleanup *cleanups;  /* private: see request_on_close() */
    struct request_cleanup *farewells; /* private: see request_on_end() */
    void *context;                     /* the handler's own state between its steps */
    const struct transport *transport; /* private: what carries the request */
};

/* The value of the field of this name (any case), absent when there is none; several are joined
 * with ", " (RFC 9110 §5.3), so that two of what may come once are no value that is taken. In the
 * arena. */
struct text request_header(struct request *request, const char *name);

bool request_has_query(const struct request *request);

/* The query string as a JSON object of strings, for a FORM_TEXTUAL form. A parameter that is
 * repeated or not UTF-8 is a fault. Released with the request. */
const json_t *request_query(struct request *request, struct faults *faults);

/* The client's socket, to watch while the request is WAITING; the transport alone reads and writes
 * it. */
int request_socket(const struct request *request);

/* Says whose the request is, before it is answered: its connection is of this tenant until another
 * request says otherwise. When places run short, who holds many gives way first. */
void request_belong(struct request *request, uint32_t tenant);

/* Sets the answer, once. `body` must lie in the arena or be static; `content_type` is a literal. A
 * WAITING request is resumed this turn. */
void request_answer(struct request *request, int status, const char *content_type,
                    struct text body);

/* The same with application/json. */
void request_answer_json(struct request *request, int status, struct text body);

/* Runs release(object) when the answer has been given, in reverse order of these calls: for what
 * the arena does not release (references, JSON values). */
void request_on_close(struct request *request, void *object, void (*release)(void *object));

/* Runs release(object) when the answer has left to its last byte, or never will: for a share in
 * what the arena holds, which is the client's to let go of. */
void request_on_end(struct request *request, void *object, void (*release)(void *object));

/* For the transport alone: a new request; letting go of what request_on_close() was told, once
 * the answer is made; its end; and the only way from phase to phase, which asserts that there is
 * one. */
void request_init(struct request *request, const struct transport *transport);
void request_release(struct request *request);
void request_close(struct request *request);
void request_set_phase(struct request *request, enum request_phase phase);

/* A short text in the request's arena, NUL-terminated. */
const char *request_printf(struct request *request, const char *format, ...) PRINTF_LIKE(2, 3);

/* Adds a field to the answer, until it is sent: see http_handler.answered. `name` is a literal;
 * `value` a literal or in the arena. */
void request_add_field(struct request *request, const char *name, const char *value);

#endif
