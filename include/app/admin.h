/* SPDX-License-Identifier: MIT
 *
 * `sluice admin`: what an operator does to apps, in the catalogue itself, which services may use
 * meanwhile. They see it within a second. */
#ifndef APP_ADMIN_H
#define APP_ADMIN_H

#include "app/settings.h"

/* The actions, for --help. */
void admin_print_help(FILE *out);

/* Runs the action that words[0] names, on the app words[1] where it takes one. Returns EXIT_SUCCESS
 * or, with the reason, EXIT_FAILURE when there is no such app, EXIT_USAGE, EX_CONFIG or
 * EX_UNAVAILABLE. */
MUST_USE int admin_run(const struct settings *settings, const char *const words[],
                       struct error *error);

#endif
