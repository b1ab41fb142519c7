/* SPDX-License-Identifier: MIT
 *
 * Guesses which name was meant: the nearest one, or ours for a name of another program. */
#include "settings_parts.h"

#include "base/nearest.h"

const struct form_alias settings_aliases[] = {
    {"address", "listen", NULL},
    {"bind", "listen", NULL},
    {"cert", "tls_certificate", NULL},
    {"certificate", "tls_certificate", NULL},
    {"database", "catalogue", NULL},
    {"db", "catalogue", NULL},
    {"host", "listen", NULL},
    {"log", "log_level", NULL},
    {"port", "listen", NULL},
    {"redis", "redis_url", NULL},
    {"storage", "engine", NULL},
    {"store", "engine", NULL},
    {"threads", "workers", NULL},
    {"timeout", "request_timeout_s", NULL},

    /* Of an app. */
    {"api_key", "api_key_file", NULL},
    {"key", "api_key_file", NULL},
    {"policy", "policies", NULL},
    {"rules", "policies", NULL},
    {0},
};

const char *settings_nearest(struct text typed)
{
    struct nearest nearest;
    char name[SETTINGS_NAME_BYTES];

    (void)snprintf(name, sizeof(name), "%.*s", TEXT_PRINTF(typed));
    for (char *c = name; *c != '\0'; c++) {
        if (*c == '-')
            *c = '_';
    }
    nearest_init(&nearest, text_of(name));
    for (size_t i = 0; i < settings_table_count; i++)
        nearest_try(&nearest, settings_table[i].name);
    return nearest.found;
}

/* Asks a form in which only this name may be unknown. If it is known, it was typed without dashes.
 */
const char *settings_meant(const char *typed)
{
    json_t *object = json_pack("{sn}", typed);
    struct faults faults = {0};
    struct form form;

    if (object != NULL && form_open(&form, object, "", &faults)) {
        for (size_t i = 0; i < settings_table_count; i++)
            form_ignore(&form, settings_table[i].name);
        form_close_with(&form, settings_aliases);
    }
    json_decref(object);
    return faults.count == 0 ? settings_nearest(text_of(typed)) : faults.at[0].meant;
}
