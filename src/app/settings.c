/* SPDX-License-Identifier: MIT
 *
 * Loads the settings. One reader applies each origin over the weaker one before it. A value is
 * checked even if a stronger origin overrides it. Then values that depend on several settings are
 * worked out. */
#include "app/settings.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "file.h"
#include "settings_parts.h"
#include "socket_address.h"

#include <sched.h>
#include <sodium.h>
#include <sysexits.h>

static void apply_all(struct settings *settings, const struct settings_source *source,
                      struct settings_complaints *complaints);
static void apply(struct settings *settings, struct settings_origin *origin,
                  struct settings_complaints *complaints);
static void complete(struct settings *settings, struct settings_complaints *complaints);
static void complete_tls(struct settings *settings, struct settings_complaints *complaints);
static bool listens_twice(const struct settings *settings);
static void complete_catalogue(struct settings *settings);
static const char *name_in_data_dir(struct settings *settings, const char *name);
static int cores_available(void);

struct settings *settings_load(const struct settings_source *source,
                               struct settings_complaints *complaints)
{
    struct settings *settings = MEMORY_NEW(struct settings);

    complaints->count = 0;
    arena_init(&settings->arena);
    file_begin();
    apply_all(settings, source, complaints);
    if (complaints->count == 0)
        complete(settings, complaints);
    if (complaints->count == 0)
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
    redis_tls_free(settings->redis_tls);
    arena_close(&settings->arena);
    sodium_memzero(settings, sizeof(*settings));
    free(settings);
}

static void apply_all(struct settings *settings, const struct settings_source *source,
                      struct settings_complaints *complaints)
{
    const char *variable = getenv("SLUICE_CONFIG");
    const char *file = source->file != NULL ? source->file : variable;
    struct settings_origin origin;

    settings_origin_defaults(&origin, complaints);
    apply(settings, &origin, complaints);
    if (file != NULL && file[0] != '\0') {
        settings_add_file(settings, file);
        settings_origin_file(&origin, file, complaints);
        apply(settings, &origin, complaints);
    }
    settings_origin_environment(&origin, settings, complaints);
    apply(settings, &origin, complaints);
    complaints->exit_code = complaints->count == 0 ? EXIT_USAGE : EX_CONFIG;
    settings_origin_flags(&origin, source->argc, source->argv, complaints);
    apply(settings, &origin, complaints);
}

/* Releases the origin's values. */
static void apply(struct settings *settings, struct settings_origin *origin,
                  struct settings_complaints *complaints)
{
    struct faults faults = {0};
    struct form form;

    if (origin->values != NULL && form_open(&form, origin->values, "", &faults)) {
        form.kind = origin->kind == ORIGIN_FILE ? FORM_JSON : FORM_TEXTUAL;
        for (size_t i = 0; i < settings_table_count; i++)
            settings_table[i].kind->read(&settings_table[i], &form, settings);
        if (origin->kind == ORIGIN_FILE)
            settings_apps_read(&form, settings);
        form_close_with(&form, settings_aliases);
        settings_values_note(settings, origin);
    }
    settings_report(origin, &faults, complaints);
    json_decref(origin->values);
    json_decref(origin->lines);
}

static void complete(struct settings *settings, struct settings_complaints *complaints)
{
    complaints->exit_code = EX_CONFIG;
    if (settings->api.registration == REGISTRATION_TOKEN && settings->api.admin_token[0] == '\0')
        settings_complain(complaints, "registration is token, which needs admin_token");
    complete_tls(settings, complaints);
    if (listens_twice(settings)) {
        settings_complain(
            complaints, "metrics_listen would take connections meant for listen, or the other way "
                        "round: give it a port of its own");
    }
    if (settings->workers == 0)
        settings->workers = cores_available();
    complete_catalogue(settings);
    if (settings->engine != ENGINE_REDIS)
        settings->usage_path = name_in_data_dir(settings, "usage.db");
    settings_redis_complete(settings, complaints);
}

static void complete_tls(struct settings *settings, struct settings_complaints *complaints)
{
    static const char *const warnings[] = {
        [TLS_NOT_VALID_YET] = "certificate is not valid yet",
        [TLS_EXPIRED] = "certificate has expired",
    };
    const struct tls_parts parts = {settings->tls_certificate, settings->tls_key,
                                    settings->tls_priorities};
    enum tls_validity validity;
    struct error error;

    if ((parts.certificate == NULL) != (parts.key == NULL)) {
        const bool has_key = parts.key != NULL;
        settings_complain(complaints, "%s is set and %s is not; HTTPS needs both",
                          has_key ? "tls_key" : "tls_certificate",
                          has_key ? "tls_certificate" : "tls_key");
        return;
    }
    if (parts.certificate == NULL)
        return;
    settings->tls = tls_new(&parts, &error);
    if (settings->tls == NULL) {
        settings_complain(complaints, "%s (tls_certificate is %.150s, tls_key is %.150s)",
                          error.message, settings_value_of(settings, "tls_certificate")->text,
                          settings_value_of(settings, "tls_key")->text);
        return;
    }
    validity = tls_validity(settings->tls, clock_wall_us() / SECOND_US);
    if (validity != TLS_VALID)
        log_write(LOG_WARN, warnings[validity], LOG_STRING("setting", "tls_certificate"));
}

/* The second one could not be opened, and the reason would be less clear. */
static bool listens_twice(const struct settings *settings)
{
    const struct sockaddr_storage *listen = &settings->listen;
    const bool is_known = listen->ss_family == AF_UNIX || socket_address_port(listen) != 0;

    return settings->metrics_listen_length > 0 && is_known &&
           socket_addresses_meet(listen, &settings->metrics_listen);
}

static void complete_catalogue(struct settings *settings)
{
    if (settings->catalogue == CATALOGUE_KIND_REDIS || settings->catalogue_path != NULL)
        return;
    if (settings->engine == ENGINE_REDIS)
        settings->catalogue = CATALOGUE_KIND_REDIS;
    else
        settings->catalogue_path = name_in_data_dir(settings, "sluice.db");
}

static const char *name_in_data_dir(struct settings *settings, const char *name)
{
    struct buffer path;

    buffer_init(&path, &settings->arena, strlen(settings->data_dir) + strlen(name) + sizeof("/"));
    buffer_printf(&path, "%s/%s", settings->data_dir, name);
    return buffer_string(&path);
}

/* Only cores that this process may run on. In a container these are fewer than the machine has. */
static int cores_available(void)
{
    cpu_set_t cores;
    int count = sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 1;

    return count > SETTINGS_WORKERS_MAX ? SETTINGS_WORKERS_MAX : count;
}
