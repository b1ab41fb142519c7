/* SPDX-License-Identifier: MIT
 *
 * Settings that make no difference because of others. */
#include "settings_parts.h"

#include "base/log.h"

static bool redis_is_used(const struct settings *settings);
static bool engine_is_redis(const struct settings *settings);
static bool redis_has_tls(const struct settings *settings);
static bool redis_has_sentinels(const struct settings *settings);
static bool tls_is_used(const struct settings *settings);
static bool token_is_used(const struct settings *settings);
static bool somebody_registers(const struct settings *settings);
static bool is_default(const struct settings_value *value);

const struct setting_use use_redis = {redis_is_used, "engine or catalogue is redis", true};
const struct setting_use use_redis_engine = {engine_is_redis, "engine is redis", true};
const struct setting_use use_redis_tls = {redis_has_tls, "redis_url is used and has TLS", true};
const struct setting_use use_sentinels = {redis_has_sentinels,
                                          "redis_url is used and names sentinels", true};
const struct setting_use use_tls = {tls_is_used, "tls_certificate is set", true};
const struct setting_use use_admin_token = {token_is_used, "registration is token or auto", false};
const struct setting_use use_registration = {somebody_registers, "registration is not closed",
                                             false};

void settings_warn_of_unused(const struct settings *settings, const struct settings *started)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting_use *use = settings_table[i].use;
        const struct settings_value *value = &settings->values[i];

        if (use == NULL || is_default(value) || use->holds(settings) ||
            (use->needs_restart && use->holds(started)))
            continue;
        log_write(LOG_WARN, "setting is not used", LOG_STRING("setting", settings_table[i].name),
                  LOG_STRING("set_by", value->place), LOG_STRING("used_if", use->when));
    }
}

static bool redis_is_used(const struct settings *settings)
{
    return settings->engine == ENGINE_REDIS || settings->catalogue == CATALOGUE_KIND_REDIS;
}

static bool engine_is_redis(const struct settings *settings)
{
    return settings->engine == ENGINE_REDIS;
}

static bool redis_has_tls(const struct settings *settings)
{
    return redis_is_used(settings) && settings->redis.has_tls;
}

static bool redis_has_sentinels(const struct settings *settings)
{
    return redis_is_used(settings) && settings->redis.kind == REDIS_SENTINEL;
}

static bool tls_is_used(const struct settings *settings)
{
    return settings->tls != NULL;
}

static bool token_is_used(const struct settings *settings)
{
    return settings->api.registration == REGISTRATION_TOKEN ||
           settings->api.registration == REGISTRATION_AUTO;
}

static bool somebody_registers(const struct settings *settings)
{
    return settings->api.registration != REGISTRATION_CLOSED;
}

/* Also if it was set to its default, as all settings of the sample file are. */
static bool is_default(const struct settings_value *value)
{
    return value->text == NULL ||
           (value->fallback != NULL && strcmp(value->text, value->fallback) == 0);
}
