/* SPDX-License-Identifier: MIT
 *
 * The running service: makes what the workers share, starts them, and obeys signals until it is
 * told to end. */
#ifndef APP_SERVICE_H
#define APP_SERVICE_H

#include "app/settings.h"

/* Serves until SIGTERM or SIGINT has been obeyed; takes over `settings`. `source` is read again on
 * SIGHUP, which the caller has blocked already. Returns the exit code: 0 after a clean drain, 69
 * when the address or the database file cannot be had. Main thread. */
int service_run(struct settings *settings, const struct settings_source *source);

#endif
