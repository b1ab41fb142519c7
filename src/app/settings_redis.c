/* SPDX-License-Identifier: MIT
 *
 * Settings of Redis that depend on each other, on the environment, or on the system's files. */
#include "settings_parts.h"

#include "file.h"

#define HOST_DEFAULT "127.0.0.1"
/* The system's list, under the name that it has in Debian. */
#define AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

static void complete_host(struct settings *settings, struct settings_complaints *complaints);
static void check_sentinel_login(const struct settings *settings,
                                 struct settings_complaints *complaints);
static void complete_tls(struct settings *settings, struct settings_complaints *complaints);
static bool read_authorities(struct settings *settings, struct settings_complaints *complaints);
static const char *path_of(const struct settings *settings, const char *name);

void settings_redis_complete(struct settings *settings, struct settings_complaints *complaints)
{
    if (settings->redis.host_count == 0)
        complete_host(settings, complaints);
    check_sentinel_login(settings, complaints);
    complete_tls(settings, complaints);
}

/* Without redis_url. If a service is named redis, Kubernetes sets REDIS_PORT to "tcp://...". That
 * is not meant for us. */
static void complete_host(struct settings *settings, struct settings_complaints *complaints)
{
    struct redis_endpoint *redis = &settings->redis.hosts[0];
    struct text host = text_of(getenv("REDIS_HOST"));
    struct text port = text_of(getenv("REDIS_PORT"));
    int64_t number = REDIS_PORT_DEFAULT;

    if (host.length == 0)
        host = TEXT(HOST_DEFAULT);
    if (host.length >= sizeof(redis->host)) {
        settings_complain(complaints, "REDIS_HOST: must be a text of 1 to %zu bytes",
                          sizeof(redis->host) - 1);
        return;
    }
    if (port.length > 0 && !text_starts_with(port, TEXT("tcp://")) &&
        (!text_parse_integer(port, &number) || number < 1 || number > UINT16_MAX)) {
        const bool is_told = !settings_may_hold_secret(port.at);
        settings_complain(complaints, "REDIS_PORT: must be a whole number from 1 to %d%s%.40s%s",
                          UINT16_MAX, is_told ? ", not \"" : "", is_told ? port.at : "",
                          is_told ? "\"" : "");
        return;
    }

    memcpy(redis->host, host.at, host.length);
    redis->port = (int)number;
    settings->redis.host_count = 1;
}

/* A password alone is enough. */
static void check_sentinel_login(const struct settings *settings,
                                 struct settings_complaints *complaints)
{
    const struct redis_login *login = &settings->sentinel_login;

    if (login->user[0] != '\0' && login->password[0] == '\0')
        settings_complain(complaints,
                          "redis_sentinel_user is set and redis_sentinel_password is not");
}

static void complete_tls(struct settings *settings, struct settings_complaints *complaints)
{
    struct redis_tls_options *options = &settings->redis_tls_options;
    struct error error;

    if ((options->certificate == NULL) != (options->key == NULL)) {
        const bool has_key = options->key != NULL;
        settings_complain(complaints, "%s is set and %s is not; Redis needs both or none",
                          has_key ? "redis_tls_key" : "redis_tls_certificate",
                          has_key ? "redis_tls_certificate" : "redis_tls_key");
        return;
    }
    if (!use_redis_tls.holds(settings) ||
        (options->authorities == NULL && !read_authorities(settings, complaints)))
        return;
    settings->redis_tls = redis_tls_new(options, &error);
    if (settings->redis_tls == NULL)
        settings_complain(complaints,
                          "%s (redis_tls_ca is %.100s, redis_tls_certificate is %.100s, "
                          "redis_tls_key is %.100s)",
                          error.message, path_of(settings, "redis_tls_ca"),
                          path_of(settings, "redis_tls_certificate"),
                          path_of(settings, "redis_tls_key"));
}

static bool read_authorities(struct settings *settings, struct settings_complaints *complaints)
{
    struct error error;
    struct text content;

    settings_add_file(settings, AUTHORITIES);
    if (!file_read(AUTHORITIES, SETTINGS_FILE_BYTES_MAX, &settings->arena, &content, &error)) {
        settings_complain(complaints, "redis_url has TLS, which needs redis_tls_ca: %s",
                          error.message);
        return false;
    }
    settings->redis_tls_options.authorities = content.at;
    return true;
}

static const char *path_of(const struct settings *settings, const char *name)
{
    const char *path = settings_value_of(settings, name)->text;

    return path == NULL ? "not set" : path;
}
