/* SPDX-License-Identifier: MIT
 *
 * What a server shows and offers over TLS: its certificate, the key to it, versions and ciphers. A
 * value that never changes, so that any number of threads and connections may own it: a reload
 * makes another one for the connections to come, and the last owner of the old one ends it. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/error.h"

struct tls;

struct tls_parts {
    const char *certificate; /* PEM text: the server's, then that of each one's issuer */
    const char *key;         /* PEM text, not encrypted */
    const char *priorities;  /* as GnuTLS writes versions and ciphers */
};

/* When a certificate may be used. */
enum tls_validity { TLS_VALID, TLS_NOT_VALID_YET, TLS_EXPIRED };

/* Whether GnuTLS knows every word, and something is left that can be offered. */
MUST_USE bool tls_priorities_check(const char *priorities, struct error *error);

/* NULL with a message that begins with the part that is wrong: "tls_key is not the key of
 * tls_certificate". An expired certificate is taken. Any thread, as all below. */
MUST_USE struct tls *tls_new(const struct tls_parts *parts, struct error *error);

/* One more owner. Returns `tls`. */
struct tls *tls_share(struct tls *tls);

/* One owner less; NULL is none. */
void tls_release(struct tls *tls);

/* Of the server's own certificate, at a time in seconds since 1970. */
enum tls_validity tls_validity(const struct tls *tls, int64_t now_s);

#endif
