/* SPDX-License-Identifier: MIT
 *
 * TLS towards Redis: which servers are believed, and who we are. The server's certificate must be
 * for the name that we connect to. Shared by all threads. A connection keeps what it began with;
 * the next one uses what was given last. */
#ifndef REDIS_REDIS_TLS_H
#define REDIS_REDIS_TLS_H

#include "base/error.h"

#include <hiredis/hiredis.h>

struct redis_tls;

/* All is borrowed for the call. */
struct redis_tls_options {
    const char *authorities; /* PEM text: who may have signed the server's certificate */
    const char *certificate; /* PEM text; NULL: we show none */
    const char *key;         /* PEM text; with a certificate */
    const char *server_name; /* what the server's certificate must be for; NULL: the host that we
                                connect to, a name or an address */
};

/* NULL if it is no PEM, or the key is not that of the certificate. */
MUST_USE struct redis_tls *redis_tls_new(const struct redis_tls_options *options,
                                         struct error *error);
/* NULL is allowed. */
void redis_tls_free(struct redis_tls *tls);

/* For new connections from now on. False changes nothing. Any thread. */
MUST_USE bool redis_tls_renew(struct redis_tls *tls, const struct redis_tls_options *options,
                              struct error *error);

/* Begins TLS on a context that has just been connected to `host`. If its socket does not block, the
 * handshake goes on with the first reads and writes; otherwise it is over when this returns. False
 * with an error, and the caller frees the context. Any thread. */
MUST_USE bool redis_tls_begin(struct redis_tls *tls, redisContext *context, const char *host,
                              struct error *error);

#endif
