/* SPDX-License-Identifier: MIT */
#include "held_settings.h"

#include "app/registration.h"
#include "base/log.h"
#include "base/memory.h"
#include "catalogue/catalogue.h"
#include "catalogue/provisioning.h"
#include "store/counter_budget.h"

static bool tell_complaints(const struct settings_complaints *complaints, struct error *error);
static size_t tell_pending(const struct settings *in_force, const struct settings *configured);
static const char *value_told(const struct settings_value *value);

void held_settings_init(struct held_settings *held, struct settings *settings,
                        const struct settings_source *source)
{
    *held = (struct held_settings){
        .latest = settings, .started = settings, .in_force = *settings, .source = source};
    held->in_force.values = settings_values_copy(settings);
}

/* A setting that needs a restart is named in the log, and keeps its old value. */
bool held_settings_swap(struct held_settings *held, struct service_parts *parts,
                        struct error *error)
{
    struct settings_complaints complaints;
    struct settings *settings = settings_load(held->source, &complaints);

    if (!settings)
        return tell_complaints(&complaints, error);
    if (!held_redis_tls_renew(&held->redis_tls, &held->in_force, settings, error)) {
        settings_free(settings);
        return false;
    }
    log_set_level(settings->log_level);
    settings_warn_of_unused(settings, held->started);
    held->pending_count = tell_pending(&held->in_force, settings);
    counter_budget_set_max(parts->budget, settings->counters_per_app_max);
    registration_settle(&settings->api, listener_address(&parts->listener));
    for (size_t i = 0; i < parts->worker_count; i++)
        worker_reload(parts->workers[i], settings);
    if (held->latest != held->started)
        held->replaced = held->latest;
    held->latest = settings;
    held_settings_declare_apps(held, parts);
    return true;
}

bool held_settings_are_taken(const struct service_parts *parts)
{
    bool all_have = true;

    for (size_t i = 0; i < parts->worker_count; i++)
        all_have &= worker_has_reloaded(parts->workers[i]);
    return all_have;
}

void held_settings_drop_replaced(struct held_settings *held)
{
    settings_free(held->replaced);
    held->replaced = NULL;
}

void held_settings_declare_apps(const struct held_settings *held, struct service_parts *parts)
{
    const struct settings *settings = held->latest;
    struct catalogue_provision *provisions;

    if (settings->app_count == 0)
        return;
    provisions = memory_new(settings->app_count, sizeof *provisions);
    for (size_t i = 0; i < settings->app_count; i++) {
        const struct settings_app *app = &settings->apps[i];

        provisions[i].name = app->name;
        provisions[i].api_key = app->api_key;
        provisions[i].policies = app->policies;
        provisions[i].policy_count = app->policy_count;
        app_id_generate(provisions[i].app_id);
    }
    catalogue_provision(parts->catalogue, provisions, settings->app_count);
    free(provisions);
}

void held_settings_free(struct held_settings *held)
{
    if (held->latest != held->started)
        settings_free(held->latest);
    held_settings_drop_replaced(held);
    settings_free(held->started);
    free(held->in_force.values);
    held_redis_tls_close(&held->redis_tls);
}

/* Puts the first complaint into `error`, and logs each of the others. */
static bool tell_complaints(const struct settings_complaints *complaints, struct error *error)
{
    for (size_t i = 1; i < complaints->count && i < SETTINGS_COMPLAINTS_MAX; i++)
        log_write(LOG_ERROR, "setting is wrong", LOG_STRING("reason", complaints->at[i]));
    return error_set(error, "%s", complaints->at[0]);
}

static size_t tell_pending(const struct settings *in_force, const struct settings *configured)
{
    struct settings_pending pending[SETTINGS_MAX];
    const size_t count = settings_find_pending(in_force, configured, pending);

    for (size_t i = 0; i < count; i++) {
        const char *place = pending[i].configured->place;

        log_write(LOG_WARN, "setting needs a restart", LOG_STRING("setting", pending[i].name),
                  LOG_STRING("in_force", value_told(pending[i].in_force)),
                  LOG_STRING("configured", value_told(pending[i].configured)),
                  LOG_STRING(place == NULL ? NULL : "configured_by", place));
    }
    return count;
}

static const char *value_told(const struct settings_value *value)
{
    return value->text == NULL ? "not set" : value->text;
}
