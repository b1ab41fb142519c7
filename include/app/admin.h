/* SPDX-License-Identifier: MIT
 *
 * `sluice admin`: an operator's actions on apps. They work on the catalogue itself. Services may
 * use it meanwhile, and see a change within a second. */
#ifndef APP_ADMIN_H
#define APP_ADMIN_H

#include "app/settings.h"
#include "catalogue/catalogue.h"

struct admin;

struct admin_action {
    const char *word;
    bool takes_app;
    enum catalogue_status (*run)(const struct admin *admin, struct error *error);
    const char *help; /* one line */
};

extern const struct admin_action admin_actions[];
extern const size_t admin_actions_count;

/* Runs the action that words[0] names, on the app words[1] if it takes one. Returns EXIT_SUCCESS
 * or, with the reason, EXIT_FAILURE (there is no such app), EXIT_USAGE, EX_CONFIG or
 * EX_UNAVAILABLE. */
MUST_USE int admin_run(const struct settings *settings, const char *const words[],
                       struct error *error);

#endif
