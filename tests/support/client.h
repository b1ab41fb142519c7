/* SPDX-License-Identifier: MIT
 *
 * An HTTP client of the service, with one connection that is kept alive. Each thread has its own
 * client. No function here fails the test, so any thread may call them; see expect.h.
 *
 * JSON in C strings needs many backslashes. So in `format` and `body` a single quote stands for a
 * double quote: client_post(client, "/check", "{'user_id':'%s'}", user). */
#ifndef SUPPORT_CLIENT_H
#define SUPPORT_CLIENT_H

#include <jansson.h>

struct client;

/* An answer. Borrowed from the client until its next request. */
struct reply {
    const char *method; /* the request's, for messages */
    const char *path;
    const char *sent; /* the request's body, NUL-terminated and cut */
    int status;       /* 0: no answer came, `body` says why */
    const char *body; /* NUL-terminated, never NULL */
    size_t body_bytes;
    json_t *json;     /* NULL when the body is not JSON */
    int64_t took_us;  /* from sending to the last byte */
    long connections; /* made for this request: a kept one may turn out to be closed */
    struct client *client;
};

/* `port` is on 127.0.0.1. There is no connection yet. */
struct client *client_new(int port);
void client_free(struct client *client);

/* Connects to the socket with this path from now on; `path` is borrowed. */
void client_use_socket(struct client *client, const char *path);

/* Uses HTTPS from now on, with any certificate. */
void client_use_https(struct client *client);

/* The next request makes a new connection. The last reply stays valid. */
void client_disconnect(struct client *client);

/* The X-API-Key of all requests from now on; "" for none. */
void client_set_key(struct client *client, const char *api_key);
const char *client_key(const struct client *client);

/* Sends these headers ("Name: value") with every request from now on. The list ends with NULL; NULL
 * for none. */
void client_set_headers(struct client *client, const char *const headers[]);

/* Whether answers from now on go to the transcript, as they do at first (see transcript.h). Not if
 * there are thousands of similar ones. */
void client_set_recorded(struct client *client, bool is_recorded);

/* `body` may be NULL. Its quotes are not replaced. */
const struct reply *client_send(struct client *client, const char *method, const char *path,
                                const char *body, size_t body_bytes);

const struct reply *client_get(struct client *client, const char *path_format, ...)
    PRINTF_LIKE(2, 3);
const struct reply *client_post(struct client *client, const char *path, const char *format, ...)
    PRINTF_LIKE(3, 4);
const struct reply *client_delete(struct client *client, const char *path, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* POST /check with cost 1. */
const struct reply *client_check(struct client *client, const char *user_id, const char *route_key);
/* POST /check with cost 0. */
const struct reply *client_look(struct client *client, const char *user_id, const char *route_key);

/* The field's value; NULL when the answer has none. If there are several, the first. */
const char *reply_field(const struct reply *reply, const char *name);

/* A member of the body, by a path like "errors.0.pointer". NULL when it is not there. */
json_t *reply_at(const struct reply *reply, const char *path);
/* The integer at the path; INT64_MIN when there is none. */
int64_t reply_integer(const struct reply *reply, const char *path);
/* The text at the path; "" when there is none. */
const char *reply_text(const struct reply *reply, const char *path);

/* Replaces ' by " in place. */
char *quotes(char *text);

#endif
