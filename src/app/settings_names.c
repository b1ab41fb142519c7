/* SPDX-License-Identifier: MIT
 *
 * Guesses which name was meant: the nearest one, or ours for a name of another program. */
#include "settings_parts.h"

#include "base/nearest.h"

struct other_name {
    const char *other;
    const char *ours;
};

static const char *ours_of(const struct other_name rows[], size_t count, struct text name);

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

const char *settings_meant(struct text typed)
{
    static const struct other_name rows[] = {
        {"address", "listen"},       {"bind", "listen"},
        {"cert", "tls_certificate"}, {"certificate", "tls_certificate"},
        {"database", "catalogue"},   {"db", "catalogue"},
        {"host", "listen"},          {"log", "log_level"},
        {"port", "listen"},          {"redis", "redis_url"},
        {"storage", "engine"},       {"store", "engine"},
        {"threads", "workers"},      {"timeout", "request_timeout_s"},
    };
    const char *nearest = settings_nearest(typed);

    return nearest != NULL ? nearest : ours_of(rows, ARRAY_COUNT(rows), typed);
}

const char *settings_meant_in_apps(struct text typed)
{
    static const struct other_name rows[] = {
        {"api_key", "api_key_file"},
        {"key", "api_key_file"},
        {"policy", "policies"},
        {"rules", "policies"},
    };

    return ours_of(rows, ARRAY_COUNT(rows), typed);
}

static const char *ours_of(const struct other_name rows[], size_t count, struct text name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal_ignoring_case(text_of(rows[i].other), name))
            return rows[i].ours;
    }
    return NULL;
}
