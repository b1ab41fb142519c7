/* SPDX-License-Identifier: MIT
 *
 * Where values come from: flags, environment, file and defaults, each as one JSON object of
 * setting's name to value, so that one reader checks them all. */
#include "settings_parts.h"

#include "base/arena.h"
#include "file.h"

#include <unistd.h>

#define FILE_SUFFIX "_FILE"

static bool put(const struct settings_origin *origin, const char *name, const char *value,
                struct error *error);
static bool variable_find(const char *variable, struct settings *settings, struct arena *arena,
                          const char **value, struct error *error);
static const char *environment_find(const char *variable);
static void warn_of_unknown_variables(void);
static bool variable_is_known(struct text name);
static const struct setting *flag_find(struct text flag);

bool settings_origin_defaults(struct settings_origin *origin, struct error *error)
{
    *origin = (struct settings_origin){.kind = ORIGIN_DEFAULTS, .values = json_object()};

    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (setting->fallback != NULL && !put(origin, setting->name, setting->fallback, error))
            return false;
    }
    return true;
}

bool settings_origin_file(struct settings_origin *origin, const char *path, struct error *error)
{
    struct arena arena = {0};
    struct error problem = {0};
    struct text content;
    bool done = false;

    *origin = (struct settings_origin){.kind = ORIGIN_FILE, .file = path};
    if (file_read(path, SETTINGS_FILE_BYTES_MAX, &arena, &content, error)) {
        origin->values = settings_yaml_parse(content, &problem);
        done = origin->values != NULL || error_set(error, "%s: %s", path, problem.message);
    }
    arena_close(&arena);
    return done;
}

/* Each setting from SLUICE_NAME, or from the first line of the file that SLUICE_NAME_FILE names. An
 * empty variable is no variable: that is how compose files pass on what is not set. */
bool settings_origin_environment(struct settings_origin *origin, struct settings *settings,
                                 struct error *error)
{
    struct arena arena = {0};
    bool done = true;

    *origin = (struct settings_origin){.kind = ORIGIN_ENVIRONMENT, .values = json_object()};
    for (size_t i = 0; i < settings_table_count && done; i++) {
        const char *name = settings_table[i].name;
        char variable[SETTINGS_NAME_BYTES];
        const char *value = NULL;

        settings_write_variable(name, variable);
        done = variable_find(variable, settings, &arena, &value, error) &&
               (value == NULL || put(origin, name, value, error));
    }
    arena_close(&arena);
    warn_of_unknown_variables();
    return done;
}

/* --name=value or --name value; the last of equal ones counts. */
bool settings_origin_flags(struct settings_origin *origin, int argc, const char *const argv[],
                           struct error *error)
{
    *origin = (struct settings_origin){.kind = ORIGIN_FLAGS, .values = json_object()};

    for (int i = 0; i < argc; i++) {
        struct text value = text_of(argv[i]);
        struct text flag = text_cut(&value, '=');
        const struct setting *setting = flag_find(flag);

        if (setting == NULL)
            return error_set(error, "%.*s: there is no such option", TEXT_PRINTF(flag));
        if (text_is_absent(value)) {
            if (i + 1 == argc)
                return error_set(error, "%s: needs a value", argv[i]);
            value = text_of(argv[++i]);
        }
        if (!put(origin, setting->name, value.at, error))
            return false;
    }
    return true;
}

void settings_origin_place(const struct settings_origin *origin, const char *pointer,
                           char place[static SETTINGS_PLACE_BYTES])
{
    const char *name = pointer[0] == '/' ? pointer + 1 : pointer;
    char written[SETTINGS_NAME_BYTES] = "";
    const char *suffix = "";

    switch (origin->kind) {
    case ORIGIN_FILE:
        snprintf(place, SETTINGS_PLACE_BYTES, "%s%s%s", origin->file,
                 pointer[0] == '\0' ? "" : ": ", pointer);
        return;
    case ORIGIN_FLAGS:
        settings_write_flag(name, written);
        break;
    case ORIGIN_ENVIRONMENT:
        settings_write_variable(name, written);
        suffix = environment_find(written) == NULL ? FILE_SUFFIX : "";
        break;
    case ORIGIN_DEFAULTS:
        snprintf(written, sizeof(written), "default of %s", name);
        break;
    }
    snprintf(place, SETTINGS_PLACE_BYTES, "%s%s", written, suffix);
}

void settings_write_flag(const char *name, char out[static SETTINGS_NAME_BYTES])
{
    snprintf(out, SETTINGS_NAME_BYTES, "--%s", name);
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '_')
            *c = '-';
    }
}

void settings_write_variable(const char *name, char out[static SETTINGS_NAME_BYTES])
{
    snprintf(out, SETTINGS_NAME_BYTES, "SLUICE_%s", name);
    for (char *c = out; *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}

static bool put(const struct settings_origin *origin, const char *name, const char *value,
                struct error *error)
{
    char place[SETTINGS_PLACE_BYTES];

    if (json_object_set_new(origin->values, name, json_string(value)) == 0)
        return true;
    settings_origin_place(origin, name, place);
    return error_set(error, "%s: must be UTF-8", place);
}

/* *value stays NULL when neither the variable nor its _FILE twin is set. */
static bool variable_find(const char *variable, struct settings *settings, struct arena *arena,
                          const char **value, struct error *error)
{
    char twin[SETTINGS_NAME_BYTES + sizeof(FILE_SUFFIX)];
    struct error problem = {0};
    struct text line;

    snprintf(twin, sizeof(twin), "%s%s", variable, FILE_SUFFIX);
    const char *direct = environment_find(variable);
    const char *path = environment_find(twin);

    if (direct != NULL && path != NULL)
        return error_set(error, "%s and %s are both set", variable, twin);
    if (path == NULL) {
        *value = direct;
        return true;
    }
    settings_add_file(settings, path);
    if (!file_read_line(path, arena, &line, &problem))
        return error_set(error, "%s: %s", twin, problem.message);
    *value = line.at;
    return true;
}

static const char *environment_find(const char *variable)
{
    const char *value = getenv(variable);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* A warning, no error: an orchestrator adds variables of its own, such as Kubernetes for a service
 * of our name. */
static void warn_of_unknown_variables(void)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        struct text rest = text_of(*entry);
        struct text name = text_cut(&rest, '=');
        char copy[SETTINGS_PLACE_BYTES];

        if (!text_starts_with(name, TEXT("SLUICE_")) || variable_is_known(name))
            continue;
        snprintf(copy, sizeof(copy), "%.*s", TEXT_PRINTF(name));
        log_write(LOG_WARN, "environment variable is no setting", LOG_STRING("name", copy));
    }
}

static bool variable_is_known(struct text name)
{
    const struct text suffix = TEXT(FILE_SUFFIX);

    if (text_equal(name, TEXT("SLUICE_CONFIG")))
        return true;
    for (size_t i = 0; i < settings_table_count; i++) {
        char variable[SETTINGS_NAME_BYTES];
        settings_write_variable(settings_table[i].name, variable);
        struct text known = text_of(variable);
        if (!text_starts_with(name, known))
            continue;
        struct text rest = {name.at + known.length, name.length - known.length};
        if (rest.length == 0 || text_equal(rest, suffix))
            return true;
    }
    return false;
}

static const struct setting *flag_find(struct text flag)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        char written[SETTINGS_NAME_BYTES];
        settings_write_flag(settings_table[i].name, written);
        if (text_equal(flag, text_of(written)))
            return &settings_table[i];
    }
    return NULL;
}
