/* SPDX-License-Identifier: MIT
 *
 * A whole configuration file. No file, network or environment is used: the input is the content of
 * the file of that name. Every other file that it names has an API key, a certificate and its key,
 * unless its name begins with "missing".
 *
 * A file is refused with a sentence that names it. Otherwise every setting is in its range,
 * settings that need each other are there together, every app has a key and canonical policies
 * (canonical.h), reading the same file again needs no restart, and what is printed of them is YAML
 * with the same settings in it. */
#include "fuzz.h"

#include "app/settings.h"
#include "auth/api_key.h"
#include "base/buffer.h"
#include "canonical.h"
#include "file.h"
#include "settings_parts.h"
#include "support/certificate.h"

#include <sodium.h>
#include <sysexits.h>

#define NAME "sluice.yaml"

extern char **environ;

static struct text input;
static char api_key[API_KEY_BYTES + 1];
static struct certificate certificate;

static struct settings *load(void);
static void settings_check(const struct settings *settings);
static void printed_check(const struct settings *settings);
static void integer_check(const struct setting *setting, const struct settings *settings);
static void app_check(const struct settings_app *app);
static struct text file_content(const char *path, struct arena *arena);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static char *none[] = {NULL};

    (void)argc;
    (void)argv;
    environ = none;
    ASSERT(sodium_init() >= 0);
    api_key_generate(api_key);
    certificate = certificate_make(&(struct certificate_options){.name = "localhost"});
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = fuzz_text(data, size);

    struct settings *settings = load();

    if (settings == NULL)
        return 0;
    settings_check(settings);

    struct settings *again = load();
    struct settings_pending pending[SETTINGS_MAX];

    ASSERT(again != NULL && settings_find_pending(settings, again, pending) == 0);
    ASSERT(again->app_count == settings->app_count);
    printed_check(settings);
    settings_free(again);
    settings_free(settings);
    return 0;
}

static struct settings *load(void)
{
    const struct settings_source source = {.file = NAME};
    struct settings_complaints complaints;
    struct settings *settings = settings_load(&source, &complaints);

    if (settings == NULL) {
        ASSERT(complaints.exit_code == EX_CONFIG && complaints.count > 0 &&
               complaints.at[0][0] != '\0');
    }
    return settings;
}

static void settings_check(const struct settings *settings)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        if (settings_table[i].kind == &setting_integer)
            integer_check(&settings_table[i], settings);
    }
    ASSERT(settings->workers >= 1 && settings->workers <= SETTINGS_WORKERS_MAX);
    ASSERT(settings->listen_length > 0 && settings->redis.hosts[0].host[0] != '\0');
    ASSERT((settings->catalogue == CATALOGUE_KIND_SQLITE) == (settings->catalogue_path != NULL));
    ASSERT((settings->tls_certificate == NULL) == (settings->tls_key == NULL));
    ASSERT((settings->tls_certificate == NULL) == (settings->tls == NULL));
    ASSERT((settings->redis_tls_options.certificate == NULL) ==
           (settings->redis_tls_options.key == NULL));
    ASSERT((settings->redis_tls != NULL) == use_redis_tls.holds(settings));
    ASSERT(settings->sentinel_login.user[0] == '\0' ||
           settings->sentinel_login.password[0] != '\0');
    ASSERT(settings->api.registration != REGISTRATION_TOKEN ||
           strlen(settings->api.admin_token) >= 16);
    ASSERT(settings->app_count <= SETTINGS_APPS_MAX);
    for (size_t i = 0; i < settings->app_count; i++)
        app_check(&settings->apps[i]);
}

/* What is printed is YAML, and has each setting that it does not hide. */
static void printed_check(const struct settings *settings)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    struct error error;

    ASSERT(out != NULL);
    settings_print(out, settings, NULL);
    (void)fclose(out);
    json_t *printed = settings_yaml_parse(text_of(text), NULL, &error);
    ASSERT(printed != NULL);
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct settings_value *value = &settings->values[i];
        const json_t *read = json_object_get(printed, settings_table[i].name);
        ASSERT((read != NULL) == (value->text != NULL && !value->is_hidden));
    }
    ASSERT(json_array_size(json_object_get(printed, "apps")) == settings->app_count);
    json_decref(printed);
    free(text);
}

static void integer_check(const struct setting *setting, const struct settings *settings)
{
    const char *place = (const char *)settings + setting->offset;
    int64_t value = 0;
    int32_t narrow;

    if (setting->size == sizeof narrow) {
        memcpy(&narrow, place, sizeof narrow);
        value = narrow;
    } else {
        ASSERT(setting->size == sizeof value);
        memcpy(&value, place, sizeof value);
    }
    ASSERT(value >= setting->min && value <= setting->max);
}

static void app_check(const struct settings_app *app)
{
    ASSERT(app->name.length > 0 && api_key_is_well_formed(text_of(app->api_key)));
    for (size_t i = 0; i < app->policy_count; i++) {
        canonical_check(app->policies[i]);
        for (size_t before = 0; before < i; before++) {
            ASSERT(!policy_identity_equal(&app->policies[before]->identity,
                                          &app->policies[i]->identity));
        }
    }
}

/* Replaces src/app/file.c. */

void file_begin(void)
{
}

bool file_read(const char *path, size_t bytes_max, struct arena *arena, struct text *content,
               struct error *error)
{
    *content = file_content(path, arena);
    if (text_is_absent(*content))
        return error_set(error, "cannot read %s: it is missing", path);
    if (content->length > bytes_max)
        return error_set(error, "cannot read %s: longer than %zu bytes", path, bytes_max);
    return true;
}

bool file_read_secret(const char *path, size_t bytes_max, struct arena *arena, struct text *content,
                      struct error *error)
{
    return file_read(path, bytes_max, arena, content, error);
}

bool file_read_line(const char *path, struct arena *arena, struct text *line, struct error *error)
{
    if (!file_read(path, SIZE_MAX, arena, line, error))
        return false;
    *line = text_copy(arena, text_trim(text_cut(line, '\n')));
    return true;
}

static struct text file_content(const char *path, struct arena *arena)
{
    struct buffer content;

    if (strcmp(path, NAME) == 0)
        return text_copy(arena, input);
    if (text_starts_with(text_of(path), TEXT("missing")))
        return (struct text){0};
    buffer_init(&content, arena, 128);
    buffer_printf(&content, "%s\n%s%s", api_key, certificate.pem, certificate.key);
    buffer_string(&content);
    return buffer_text(&content);
}
