/* SPDX-License-Identifier: MIT
 *
 * TLS towards Redis: which servers are believed, and who we are. The server's certificate must be
 * for the name that we connect to. Shared by all threads. A connection keeps what it began with;
 * the next one uses what was given last.
 *
 * hiredis speaks TLS itself. What it does not do is here: it checks no name, and takes errors that
 * another connection of the thread left behind for its own. Without TLS the functions for a context
 * do nothing, and answer false. */
#ifndef REDIS_REDIS_TLS_H
#define REDIS_REDIS_TLS_H

#include "base/error.h"

#include <hiredis/hiredis.h>

struct redis_tls;

/* All is borrowed for the call. */
struct redis_tls_options {
    const char *authorities; /* PEM text: who may have signed the server's certificate */
    const char *certificate; /* PEM text, our own and then those that lead to its authority; NULL:
                                we show none */
    const char *key;         /* PEM text, not encrypted; with a certificate */
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

/* Begins TLS on a context that has just been connected to `host`. From now on its socket does not
 * block, and its `privdata` is ours. The handshake goes on with the first reads and writes, and
 * only then a command is sent. False with an error, and the caller frees the context. Any
 * thread. */
MUST_USE bool redis_tls_begin(struct redis_tls *tls, redisContext *context, const char *host,
                              struct error *error);

/* The context's thread, as for all below. To be called before hiredis reads or writes. */
void redis_tls_prepare(const redisContext *context);

/* Whether bytes that were read from the socket wait here. The socket may never become readable for
 * them, so read again at once. */
bool redis_tls_has_more(const redisContext *context);

/* Whether the last write left something that the socket takes later. hiredis may not say so: it
 * would wait until the server says something. */
bool redis_tls_has_left(const redisContext *context);

/* Whether the last read or write stopped because the socket is full. A read writes, too, in the
 * handshake. */
bool redis_tls_is_full(const redisContext *context);

/* Whether the handshake is still going on. */
bool redis_tls_is_beginning(const redisContext *context);

/* What the socket must be ready for, as poll() takes it, so that hiredis can go on reading or
 * writing; 0 without TLS. */
short redis_tls_events(const redisContext *context);

/* How many bytes have come by the socket; 0 without TLS. What is in them may not be readable yet,
 * because records are decrypted whole. */
uint64_t redis_tls_received(const redisContext *context);

/* After a failure: puts the reason into the context's `errstr`, in the words of TLS. Without TLS it
 * adds the hint, if the connection has ended before any reply has begun. Errors that are not of the
 * connection keep theirs. */
#define REDIS_TLS_HINT "; if the server speaks TLS, its URL must begin with rediss"
void redis_tls_explain(redisContext *context);

#endif
