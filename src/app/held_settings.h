/* SPDX-License-Identifier: MIT
 *
 * The settings of a running service, and others in their place at SIGHUP. Private to service.c.
 * Main thread. */
#ifndef APP_HELD_SETTINGS_H
#define APP_HELD_SETTINGS_H

#include "held_redis_tls.h"
#include "service_parts.h"

struct held_settings {
    struct settings *latest;  /* as last read */
    struct settings *started; /* as first read: for settings that only a restart changes */
    struct settings in_force; /* the same with what TLS to Redis is made of now; borrows */
    struct held_redis_tls redis_tls;
    struct settings *replaced; /* workers may still use these; NULL: no worker does */
    const struct settings_source *source;
    size_t pending_count; /* settings that need a restart */
};

/* Takes over `settings`; `source` is borrowed. */
void held_settings_init(struct held_settings *held, struct settings *settings,
                        const struct settings_source *source);

/* Reads the settings again, and gives them to the parts. A wrong setting changes nothing; then
 * `error` has the first complaint, and the log has the others. */
MUST_USE bool held_settings_swap(struct held_settings *held, struct service_parts *parts,
                                 struct error *error);

/* Whether all workers use the latest settings. Then those before them can go. */
bool held_settings_are_taken(const struct service_parts *parts);
void held_settings_drop_replaced(struct held_settings *held);

/* Creates the apps that the settings declare, once the catalogue answers. */
void held_settings_declare_apps(const struct held_settings *held, struct service_parts *parts);

void held_settings_free(struct held_settings *held);

#endif
