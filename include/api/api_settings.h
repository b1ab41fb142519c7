/* SPDX-License-Identifier: MIT
 *
 * The settings that SIGHUP may change. Immutable; a reload hands every worker a new one. */
#ifndef API_API_SETTINGS_H
#define API_API_SETTINGS_H

#include "auth/client_ip.h"
#include "base/host.h"
#include "limit/rate.h"
#include "limit/rate_headers.h"

enum registration { REGISTRATION_AUTO, REGISTRATION_OPEN, REGISTRATION_TOKEN, REGISTRATION_CLOSED };

extern const char *const registration_words[]; /* in the order of the enum, NULL-terminated */

struct api_settings {
    enum registration registration; /* as it is set */
    enum registration registers;    /* what that comes to where this listens; never AUTO */
    char admin_token[257];          /* "" for none */
    unsigned apps_max;              /* beyond it nobody registers */
    struct rate register_limit;     /* quota 0: no limit */
    struct rate manage_limit;
    struct trusted_proxies trusted_proxies;
    struct host_list browser_hosts; /* empty: a page of the host that it asks may register apps */
    enum rate_headers_style rate_headers;
};

#endif
