/* SPDX-License-Identifier: MIT
 *
 * Tests whether a service with these settings answers on this machine. For containers without
 * curl. */
#ifndef APP_HEALTHCHECK_H
#define APP_HEALTHCHECK_H

#include "app/settings.h"

/* Asks GET /livez at the address of `listen` (at the loopback address for 0.0.0.0 and ::) and waits
 * at most two seconds. With TLS it only connects. False: `error` says why. */
MUST_USE bool healthcheck_run(const struct settings *settings, struct error *error);

#endif
