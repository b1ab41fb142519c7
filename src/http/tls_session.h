/* SPDX-License-Identifier: MIT
 *
 * Gives a session what tls.h describes. Private to tls.c and handshakes.c. */
#ifndef HTTP_TLS_SESSION_H
#define HTTP_TLS_SESSION_H

#include "http/tls.h"

#include <gnutls/gnutls.h>

/* To be called before the handshake. `tls` must live as long as the session. */
MUST_USE bool tls_apply(const struct tls *tls, gnutls_session_t session);

#endif
