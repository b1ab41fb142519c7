/* SPDX-License-Identifier: MIT
 *
 * Where a Redis is: redis://[[user]:password@]host[:port][/db] or
 * unix://[[user]:password@]/path[?db=N]. User and password are percent-encoded. */
#ifndef REDIS_REDIS_URL_H
#define REDIS_REDIS_URL_H

#include "base/error.h"
#include "base/text.h"

struct redis_url {
    bool is_unix;
    char host[256]; /* or the path of the socket */
    int port;
    int database;
    char user[128]; /* "" for none; percent-decoded */
    char password[256];
};

/* `error` contains no part of the URL, because that may hold a password. rediss:// is refused with
 * an error that says what to do instead. */
MUST_USE bool redis_url_parse(struct text text, struct redis_url *url, struct error *error);

/* "127.0.0.1:6379/0" or "unix:///path?db=0", for logs, without the credentials. */
void redis_url_describe(const struct redis_url *url, char *out, size_t size);

#endif
