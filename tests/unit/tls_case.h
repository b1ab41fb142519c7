/* SPDX-License-Identifier: MIT
 *
 * Redis servers that speak TLS, and the certificates with which a test trusts them or not. Main
 * thread only, except where it says otherwise. */
#ifndef UNIT_TLS_CASE_H
#define UNIT_TLS_CASE_H

#include "base/error.h"
#include "redis/redis_session.h"
#include "redis/redis_tls.h"
#include "support/certificate.h"
#include "support/redis_server.h"

/* The name in the servers' certificate, beside 127.0.0.1. */
#define TLS_CASE_NAME "redis.example"

#define TLS_CASE_TIMEOUT_MS 300

/* What tls_case_ping() says of a server that is not believed; the reason follows. */
#define TLS_CASE_NOT_ACCEPTED "redis: the server's certificate is not accepted: "

/* Signed the certificates below, and a stranger. */
extern struct certificate tls_authority;
extern struct certificate tls_stranger;
/* Of a client, signed by the authority. */
extern struct certificate tls_client;

/* The first believes any client, the second only those with a certificate. */
extern struct redis_server *tls_open_server;
extern struct redis_server *tls_strict_server;

int tls_case_open(void **state);
int tls_case_close(void **state);

/* What trusts the authority; the caller changes the rest. */
struct redis_tls_options tls_case_options(void);
struct redis_tls *tls_case_new(const struct redis_tls_options *options);

/* `patience_ms` is the session's. Any thread, each with a dialer of its own. */
struct redis_session *tls_case_session(struct redis_dialer *dialer, struct redis_tls *tls,
                                       const char *url, int patience_ms);

/* One PING in a session of its own. "" if it is answered, otherwise the error; valid until the
 * next. */
const char *tls_case_ping(struct redis_tls *tls, const char *url);
/* The same with these options. */
const char *tls_case_ping_with(struct redis_server *where, const struct redis_tls_options *options);

#endif
