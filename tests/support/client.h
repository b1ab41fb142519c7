/* SPDX-License-Identifier: MIT
 *
 * An HTTP client of the service: one connection that is kept alive. Each thread has its own.
 * Nothing here fails the test by itself, so it may be used on any thread; see expect.h.
 *
 * JSON in C sources drowns in backslashes, so wherever text is given as `format` or `body`, a
 * single quote stands for a double one: client_post(client, "/check", "{'user_id':'%s'}", user). */
#ifndef SUPPORT_CLIENT_H
#define SUPPORT_CLIENT_H

#include <jansson.h>

struct client;

/* What came back. Borrowed from the client until its next request. */
struct reply {
    const char *method; /* what was asked, for messages */
    const char *path;
    const char *sent; /* the body, NUL-terminated and cut */
    int status;       /* 0: no answer came, `body` says why */
    const char *body; /* NUL-terminated, never NULL */
    size_t body_bytes;
    json_t *json;     /* NULL when the body is not JSON */
    int64_t took_us;  /* from sending to the last byte */
    long connections; /* made for it: one that was kept may be found closed, and it is sent again */
    struct client *client;
};

/* `port` of 127.0.0.1; no connection yet. */
struct client *client_new(int port);
void client_free(struct client *client);

/* HTTPS from now on, whatever the certificate is. */
void client_use_https(struct client *client);

/* The next request makes a new connection. The last reply stays. */
void client_disconnect(struct client *client);

/* Sent as X-API-Key from now on; "" for none. */
void client_set_key(struct client *client, const char *api_key);
const char *client_key(const struct client *client);

/* Headers ("Name: value") sent with every request from now on, NULL-terminated; NULL for none. */
void client_set_headers(struct client *client, const char *const headers[]);

/* `body` may be NULL; quotes are not replaced. */
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

/* The field's value, NULL when the answer has none; its first one when it has several. */
const char *reply_field(const struct reply *reply, const char *name);

/* A member of the body: "errors.0.pointer". NULL when it is not there. */
json_t *reply_at(const struct reply *reply, const char *path);
/* The integer there, INT64_MIN when there is none. */
int64_t reply_integer(const struct reply *reply, const char *path);
/* The text there, "" when there is none. */
const char *reply_text(const struct reply *reply, const char *path);

/* Replaces ' by " in place. */
char *quotes(char *text);

#endif
