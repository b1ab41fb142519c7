/* SPDX-License-Identifier: MIT
 *
 * The table of raw requests, each with the service's answer. */
#ifndef SYSTEM_RAW_ROWS_H
#define SYSTEM_RAW_ROWS_H

#include "base/arena.h"
#include "base/text.h"

#define CHECK_LINE "POST /check HTTP/1.1\r\n"
#define KEY        "X-API-Key: $KEY\r\n"
#define HOST       "Host: localhost\r\n"
#define CHECK      CHECK_LINE KEY HOST
#define LIVEZ      "GET /livez HTTP/1.1\r\n" HOST
#define BODY       "{\"user_id\":\"alice\",\"route_key\":\"/a\"}" /* 36 bytes */
#define COUNTED    "Content-Length: 36\r\n"
#define CHUNKED    "Transfer-Encoding: chunked\r\n"
#define CHUNKS     "24\r\n" BODY "\r\n0\r\n\r\n"
#define END        "\r\n"

/* Sent after each request. If it is answered, the connection has stayed open. */
#define FOLLOWER "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

/* Who refuses: we, with a problem, or libmicrohttpd, with only a status. */
enum raw_refusal { NONE, OURS, THEIRS };

struct raw_row {
    const char *request; /* $KEY: a valid key; $NUL: that byte; @300: see raw_rows.c */
    int status;          /* 0: the connection is closed without an answer */
    enum raw_refusal refusal;
    bool stays_open;
};

extern const struct raw_row raw_rows[];
extern const size_t raw_rows_count;

/* The bytes of a request of the table. `key` replaces $KEY. */
struct text raw_rows_expand(struct arena *arena, const char *request, const char *key);

#endif
