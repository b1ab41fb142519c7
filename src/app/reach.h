/* SPDX-License-Identifier: MIT */
#ifndef APP_REACH_H
#define APP_REACH_H

#include "app/settings.h"
#include "landlock.h"

/* Puts all files and TCP ports that serving with these settings does not need out of the reach of
 * the calling thread and those it starts from now on; see sandbox.h. `landlock` then tells what the
 * kernel could not do of it. False when it has refused it. */
MUST_USE bool reach_limit(const struct settings *settings, struct landlock *landlock,
                          struct error *error);

#endif
