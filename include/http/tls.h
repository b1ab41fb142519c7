/* SPDX-License-Identifier: MIT
 *
 * What a server offers over TLS: its certificate with the key, versions and ciphers. The value
 * never changes, so any number of threads and connections may own it. A reload makes a new one for
 * later connections; the last owner of the old one frees it. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/error.h"

struct tls;

struct tls_parts {
    const char *certificate; /* PEM text: the server's, then each issuer's */
    const char *key;         /* PEM text, not encrypted */
    const char *priorities;  /* versions and ciphers in GnuTLS' syntax */
};

/* Whether a certificate may be used at a time. */
enum tls_validity { TLS_VALID, TLS_NOT_VALID_YET, TLS_EXPIRED };

/* Whether GnuTLS knows every word, and something can be offered. */
MUST_USE bool tls_priorities_check(const char *priorities, struct error *error);

/* NULL with a message that begins with the wrong part: "tls_key is not the key of tls_certificate".
 * An expired certificate is accepted. Any thread, as for all below. */
MUST_USE struct tls *tls_new(const struct tls_parts *parts, struct error *error);

/* Adds an owner. Returns `tls`. */
struct tls *tls_share(struct tls *tls);

/* Removes an owner. NULL is fine. */
void tls_release(struct tls *tls);

/* The validity of the server's own certificate at `now_s`, in seconds since 1970. */
enum tls_validity tls_validity(const struct tls *tls, int64_t now_s);

#endif
