/* SPDX-License-Identifier: MIT
 *
 * A certificate for all servers of Redis that a test starts with TLS. Main thread only. */
#ifndef SUPPORT_REDIS_CERTIFICATE_H
#define SUPPORT_REDIS_CERTIFICATE_H

#include "support/redis_server.h"

/* For 127.0.0.1. It is made once, and is there until scratch_remove(). Clients need none. */
const struct redis_server_tls *redis_certificate(void);

#endif
