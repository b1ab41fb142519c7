/* SPDX-License-Identifier: MIT
 *
 * Whether a service with these settings answers on this machine, for containers without curl. */
#ifndef APP_HEALTHCHECK_H
#define APP_HEALTHCHECK_H

#include "app/settings.h"

/* Asks GET /livez at the address of `listen` (the loopback for 0.0.0.0 and ::) and waits at most
 * two seconds. With TLS only the connection is tried. False says why in `error`. */
MUST_USE bool healthcheck_run(const struct settings *settings, struct error *error);

#endif
