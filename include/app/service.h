/* SPDX-License-Identifier: MIT
 *
 * The running service: makes the parts that the workers share, starts the workers, and obeys
 * signals until one tells it to end. */
#ifndef APP_SERVICE_H
#define APP_SERVICE_H

#include "app/settings.h"

/* Serves until SIGTERM or SIGINT has been obeyed. Takes over `settings`. `source` is read again on
 * SIGHUP, which the caller must have blocked. Returns the exit code: 0 after a clean drain, 69 if
 * the address or the database file cannot be opened. Main thread. */
int service_run(struct settings *settings, const struct settings_source *source);

#endif
