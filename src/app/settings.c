/* SPDX-License-Identifier: MIT
 *
 * Loads the settings: each origin is applied over the weaker one before it, through one reader, and
 * checked even where a stronger one overrides it; then what depends on several settings is worked
 * out. */
#include "app/settings.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/ip_address.h"
#include "base/memory.h"
#include "file.h"
#include "settings_parts.h"

#include <netinet/in.h>
#include <sched.h>
#include <sodium.h>
#include <sysexits.h>

#define REDIS_HOST_DEFAULT "127.0.0.1"
#define REDIS_PORT_DEFAULT 6379

static bool apply_all(struct settings *settings, const struct settings_source *source,
                      int *exit_code, struct error *error);
static bool apply(struct settings *settings, struct settings_origin *origin, bool loaded,
                  struct error *error);
static bool report_faults(const struct settings_origin *origin, const struct faults *faults,
                          struct error *error);
static bool complete(struct settings *settings, struct error *error);
static bool complete_tls(struct settings *settings, struct error *error);
static bool listens_twice(const struct settings *settings);
static in_port_t port_of(const struct sockaddr *address);
static bool listener_takes(const struct ip_address *address, const struct ip_address *other);
static bool complete_redis(struct settings *settings, struct error *error);
static void complete_catalogue(struct settings *settings);
static int cores_available(void);
static void print_setting(FILE *out, const struct setting *setting);
static void print_hint(FILE *out, const struct setting *setting);

struct settings *settings_load(const struct settings_source *source, int *exit_code,
                               struct error *error)
{
    struct settings *settings = MEMORY_NEW(struct settings);

    arena_init(&settings->arena);
    file_begin();
    *exit_code = EX_CONFIG;
    if (apply_all(settings, source, exit_code, error) && complete(settings, error))
        return settings;
    settings_free(settings);
    return NULL;
}

void settings_add_file(struct settings *settings, const char *path)
{
    struct settings_file *file = ARENA_NEW(&settings->arena, struct settings_file);

    file->path = path;
    file->next = settings->files;
    settings->files = file;
}

void settings_free(struct settings *settings)
{
    if (settings == NULL)
        return;
    tls_release(settings->tls);
    arena_close(&settings->arena);
    sodium_memzero(settings, sizeof(*settings));
    free(settings);
}

const char *settings_changed_for_restart(const struct settings *old, const struct settings *new)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (!setting->reloadable && !setting->kind->same(setting, old, new))
            return setting->name;
    }
    return (old->tls == NULL) != (new->tls == NULL) ? "tls_certificate" : NULL;
}

void settings_print_help(FILE *out)
{
    fprintf(out, "  --config=FILE\n      YAML file with these settings and with apps. "
                 "Without it none is read.\n      [SLUICE_CONFIG]\n");
    for (size_t i = 0; i < settings_table_count; i++)
        print_setting(out, &settings_table[i]);
}

static bool apply_all(struct settings *settings, const struct settings_source *source,
                      int *exit_code, struct error *error)
{
    const char *variable = getenv("SLUICE_CONFIG");
    const char *file = source->file != NULL ? source->file : variable;
    struct settings_origin origin = {0};

    if (!apply(settings, &origin, settings_origin_defaults(&origin, error), error))
        return false;
    if (file != NULL && file[0] != '\0') {
        settings_add_file(settings, file);
        if (!apply(settings, &origin, settings_origin_file(&origin, file, error), error))
            return false;
    }
    if (!apply(settings, &origin, settings_origin_environment(&origin, settings, error), error))
        return false;
    if (apply(settings, &origin, settings_origin_flags(&origin, source->argc, source->argv, error),
              error))
        return true;
    *exit_code = EXIT_USAGE;
    return false;
}

/* Releases the origin's values. */
static bool apply(struct settings *settings, struct settings_origin *origin, bool loaded,
                  struct error *error)
{
    struct faults faults = {0};
    struct form form;

    if (loaded && form_open(&form, origin->values, "", &faults)) {
        form.kind = origin->kind == ORIGIN_FILE ? FORM_JSON : FORM_TEXTUAL;
        for (size_t i = 0; i < settings_table_count; i++)
            settings_table[i].kind->read(&settings_table[i], &form, settings);
        if (origin->kind == ORIGIN_FILE)
            settings_apps_read(&form, settings);
        form_close(&form);
    }
    json_decref(origin->values);
    origin->values = NULL;
    return loaded && (faults.count == 0 || report_faults(origin, &faults, error));
}

static bool report_faults(const struct settings_origin *origin, const struct faults *faults,
                          struct error *error)
{
    char place[SETTINGS_PLACE_BYTES];

    settings_origin_place(origin, faults->at[0].pointer, place);
    if (faults->count == 1)
        return error_set(error, "%s: %s", place, faults->at[0].detail);
    return error_set(error, "%s: %s (the first of %zu faults)", place, faults->at[0].detail,
                     faults->count);
}

static bool complete(struct settings *settings, struct error *error)
{
    if (settings->api.registration == REGISTRATION_TOKEN && settings->api.admin_token[0] == '\0')
        return error_set(error, "registration is token, which needs admin_token");
    if (!complete_tls(settings, error))
        return false;
    if (listens_twice(settings))
        return error_set(error, "metrics_listen would take connections meant for listen, or the "
                                "other way round: give it a port of its own");
    if (settings->workers == 0)
        settings->workers = cores_available();
    complete_catalogue(settings);
    return settings->redis.host[0] != '\0' || complete_redis(settings, error);
}

static bool complete_tls(struct settings *settings, struct error *error)
{
    static const char *const complaints[] = {
        [TLS_NOT_VALID_YET] = "certificate is not valid yet",
        [TLS_EXPIRED] = "certificate has expired",
    };
    const struct tls_parts parts = {settings->tls_certificate, settings->tls_key,
                                    settings->tls_priorities};
    enum tls_validity validity;

    if ((parts.certificate == NULL) != (parts.key == NULL))
        return error_set(error, "tls_certificate and tls_key are only of use together");
    if (parts.certificate == NULL)
        return true;
    settings->tls = tls_new(&parts, error);
    if (settings->tls == NULL)
        return false;
    validity = tls_validity(settings->tls, clock_wall_us() / SECOND_US);
    if (validity != TLS_VALID)
        log_write(LOG_WARN, complaints[validity], LOG_STRING("setting", "tls_certificate"));
    return true;
}

/* Listeners share ports, so this would work, and some connections reach the wrong one of the
 * two. */
static bool listens_twice(const struct settings *settings)
{
    const struct sockaddr *listen = (const struct sockaddr *)&settings->listen;
    const struct sockaddr *metrics = (const struct sockaddr *)&settings->metrics_listen;

    if (settings->metrics_listen_length == 0 || port_of(listen) == 0 ||
        port_of(listen) != port_of(metrics))
        return false;

    const struct ip_address a = ip_address_of_socket(listen);
    const struct ip_address b = ip_address_of_socket(metrics);

    return listener_takes(&a, &b) || listener_takes(&b, &a);
}

static in_port_t port_of(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                          : ((const struct sockaddr_in *)address)->sin_port;
}

/* Whether who listens at `address` takes also what is sent to `other`; [::] takes IPv4, too. */
static bool listener_takes(const struct ip_address *address, const struct ip_address *other)
{
    static const struct ip_address any_ipv6;
    struct ip_address any_ipv4;

    if (memcmp(address, other, sizeof(*address)) == 0 ||
        memcmp(address, &any_ipv6, sizeof(*address)) == 0)
        return true;
    return ip_address_parse(TEXT("0.0.0.0"), &any_ipv4) &&
           memcmp(address, &any_ipv4, sizeof(*address)) == 0 && ip_address_is_ipv4(other);
}

/* Without redis_url. Kubernetes sets REDIS_PORT to "tcp://..." where a service is named redis: that
 * is not meant for us. */
static bool complete_redis(struct settings *settings, struct error *error)
{
    struct redis_url *redis = &settings->redis;
    struct text host = text_of(getenv("REDIS_HOST"));
    struct text port = text_of(getenv("REDIS_PORT"));
    int64_t number = REDIS_PORT_DEFAULT;

    if (host.length == 0)
        host = TEXT(REDIS_HOST_DEFAULT);
    if (host.length >= sizeof(redis->host)) {
        return error_set(error, "REDIS_HOST: must be a text of 1 to %zu bytes",
                         sizeof(redis->host) - 1);
    }
    if (port.length > 0 && !text_starts_with(port, TEXT("tcp://")) &&
        (!text_parse_integer(port, &number) || number < 1 || number > UINT16_MAX))
        return error_set(error, "REDIS_PORT: must be an integer from 1 to %d", UINT16_MAX);

    memcpy(redis->host, host.at, host.length);
    redis->port = (int)number;
    return true;
}

static void complete_catalogue(struct settings *settings)
{
    if (settings->catalogue == CATALOGUE_KIND_REDIS || settings->catalogue_path != NULL)
        return;
    if (settings->engine == ENGINE_REDIS) {
        settings->catalogue = CATALOGUE_KIND_REDIS;
        return;
    }

    struct buffer path;

    buffer_init(&path, &settings->arena, strlen(settings->data_dir) + sizeof("/sluice.db"));
    buffer_printf(&path, "%s/sluice.db", settings->data_dir);
    settings->catalogue_path = buffer_string(&path);
}

/* Those that this process may run on: in a container fewer than the machine has. */
static int cores_available(void)
{
    cpu_set_t cores;
    int count = sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 1;

    return count > SETTINGS_WORKERS_MAX ? SETTINGS_WORKERS_MAX : count;
}

static void print_setting(FILE *out, const struct setting *setting)
{
    char flag[SETTINGS_NAME_BYTES];
    char variable[SETTINGS_NAME_BYTES];
    struct text rest = text_of(setting->help);

    settings_write_flag(setting->name, flag);
    settings_write_variable(setting->name, variable);
    fprintf(out, "  %s=", flag);
    print_hint(out, setting);
    while (!text_is_absent(rest)) {
        struct text line = text_cut(&rest, '\n');
        fprintf(out, "\n      %.*s", TEXT_PRINTF(line));
    }
    fprintf(out, "\n      [%s", variable);
    if (setting->fallback != NULL)
        fprintf(out, ", default %s", setting->fallback);
    fprintf(out, "%s]\n", setting->reloadable ? ", reread on SIGHUP" : "");
}

static void print_hint(FILE *out, const struct setting *setting)
{
    if (setting->kind->hint != NULL) {
        fputs(setting->kind->hint, out);
        return;
    }
    if (setting->words == NULL) {
        fprintf(out, "%lld..%lld", (long long)setting->min, (long long)setting->max);
        return;
    }
    for (size_t i = 0; setting->words[i] != NULL; i++)
        fprintf(out, "%s%s", i == 0 ? "" : "|", setting->words[i]);
}
