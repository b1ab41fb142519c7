/* SPDX-License-Identifier: MIT */
#ifndef APP_REACH_H
#define APP_REACH_H

#include "app/settings.h"
#include "landlock.h"

/* Blocks all files and TCP ports that serving with these settings does not need, for the calling
 * thread and all that it starts later; see sandbox.h. `landlock` then knows what the kernel could
 * not block. False if the kernel has refused it. */
MUST_USE bool reach_limit(const struct settings *settings, struct landlock *landlock,
                          struct error *error);

#endif
