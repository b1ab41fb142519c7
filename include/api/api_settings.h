/* SPDX-License-Identifier: MIT
 *
 * The settings that SIGHUP may change. Immutable: a reload gives every worker a new one. */
#ifndef API_API_SETTINGS_H
#define API_API_SETTINGS_H

#include "auth/client_ip.h"
#include "base/host.h"
#include "limit/rate.h"
#include "limit/rate_headers.h"

enum registration { REGISTRATION_AUTO, REGISTRATION_OPEN, REGISTRATION_TOKEN, REGISTRATION_CLOSED };

extern const char *const registration_words[]; /* in the order of the enum, NULL-terminated */

struct api_settings {
    enum registration registration; /* as configured */
    enum registration registers;    /* its meaning for this listener; never AUTO */
    char admin_token[257];          /* "" for none */
    unsigned apps_max;              /* with so many, nobody can register */
    struct rate register_limit;     /* quota 0: no limit */
    struct rate manage_limit;
    struct trusted_proxies trusted_proxies;
    struct host_list browser_hosts; /* empty: a page may register apps only at its own host */
    enum rate_headers_style rate_headers;
};

#endif
