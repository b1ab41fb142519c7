/* SPDX-License-Identifier: MIT
 *
 * Where values come from: flags, environment, file and defaults. Each is a JSON object from
 * setting's name to value, so that one reader checks them all. */
#include "settings_parts.h"

#include "base/arena.h"
#include "file.h"

#include <unistd.h>

#define FILE_SUFFIX "_FILE"

static void put(const struct settings_origin *origin, const char *name, const char *value,
                struct settings_complaints *complaints);
static const char *variable_find(const char *variable, struct settings *settings,
                                 struct arena *arena, struct settings_complaints *complaints);
static const char *environment_find(const char *variable);
static void warn_of_unknown_variables(void);
static bool variable_is_known(struct text name);
static const struct setting *flag_find(struct text flag);
static void complain_of_flag(struct text flag, struct settings_complaints *complaints);
static void place_in_file(const struct settings_origin *origin, const char *pointer,
                          char place[static SETTINGS_PLACE_BYTES]);
static void write_path(const char *pointer, char *out, size_t size);

void settings_origin_defaults(struct settings_origin *origin,
                              struct settings_complaints *complaints)
{
    *origin = (struct settings_origin){.kind = ORIGIN_DEFAULTS, .values = json_object()};

    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (setting->fallback != NULL)
            put(origin, setting->name, setting->fallback, complaints);
    }
}

void settings_origin_file(struct settings_origin *origin, const char *path,
                          struct settings_complaints *complaints)
{
    struct arena arena = {0};
    struct error problem = {0};
    struct text content;

    *origin = (struct settings_origin){.kind = ORIGIN_FILE, .file = path, .lines = json_object()};
    if (file_read(path, SETTINGS_FILE_BYTES_MAX, &arena, &content, &problem)) {
        origin->values = settings_yaml_parse(content, origin->lines, &problem);
        if (origin->values == NULL)
            settings_complain(complaints, "%s: %s", path, problem.message);
    } else {
        settings_complain(complaints, "%s", problem.message);
    }
    arena_close(&arena);
}

/* Each setting from SLUICE_NAME, or from the first line of the file that SLUICE_NAME_FILE names. An
 * empty variable counts as unset, because compose files pass unset variables on as empty ones. */
void settings_origin_environment(struct settings_origin *origin, struct settings *settings,
                                 struct settings_complaints *complaints)
{
    struct arena arena = {0};

    *origin = (struct settings_origin){.kind = ORIGIN_ENVIRONMENT, .values = json_object()};
    for (size_t i = 0; i < settings_table_count; i++) {
        const char *name = settings_table[i].name;
        char variable[SETTINGS_NAME_BYTES];

        settings_write_variable(name, variable);
        const char *value = variable_find(variable, settings, &arena, complaints);
        if (value != NULL)
            put(origin, name, value, complaints);
    }
    arena_close(&arena);
    warn_of_unknown_variables();
}

/* --name=value or --name value. If an option is there twice, the last counts. */
void settings_origin_flags(struct settings_origin *origin, int argc, const char *const argv[],
                           struct settings_complaints *complaints)
{
    *origin = (struct settings_origin){.kind = ORIGIN_FLAGS, .values = json_object()};

    for (int i = 0; i < argc; i++) {
        struct text value = text_of(argv[i]);
        struct text flag = text_cut(&value, '=');
        const struct setting *setting = flag_find(flag);
        const bool has_next =
            i + 1 < argc && (setting != NULL || strncmp(argv[i + 1], "--", 2) != 0);

        if (setting == NULL)
            complain_of_flag(flag, complaints);
        if (text_is_absent(value) && has_next) {
            value = text_of(argv[++i]);
        } else if (text_is_absent(value) && setting != NULL) {
            settings_complain(complaints, "%s: needs a value", argv[i]);
            continue;
        }
        if (setting != NULL)
            put(origin, setting->name, value.at, complaints);
    }
}

void settings_origin_place(const struct settings_origin *origin, const char *pointer,
                           char place[static SETTINGS_PLACE_BYTES])
{
    const char *name = pointer[0] == '/' ? pointer + 1 : pointer;
    char written[SETTINGS_NAME_BYTES] = "";
    const char *suffix = "";

    switch (origin->kind) {
    case ORIGIN_FILE:
        place_in_file(origin, pointer, place);
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

void settings_origin_source(const struct settings_origin *origin, const char *name,
                            char place[static SETTINGS_PLACE_BYTES])
{
    char pointer[SETTINGS_NAME_BYTES];

    (void)snprintf(pointer, sizeof(pointer), "/%s", name);
    if (origin->kind == ORIGIN_DEFAULTS) {
        (void)snprintf(place, SETTINGS_PLACE_BYTES, "default");
    } else if (origin->kind == ORIGIN_FILE) {
        (void)snprintf(place, SETTINGS_PLACE_BYTES, "%.220s: line %d", origin->file,
                       settings_origin_line(origin, pointer));
    } else {
        settings_origin_place(origin, pointer, place);
    }
}

int settings_origin_line(const struct settings_origin *origin, const char *pointer)
{
    char parent[sizeof(((struct fault *)NULL)->pointer)];

    snprintf(parent, sizeof(parent), "%s", pointer);
    while (parent[0] != '\0') {
        const json_t *line = json_object_get(origin->lines, parent);
        if (line != NULL)
            return (int)json_integer_value(line);
        char *slash = strrchr(parent, '/');
        *(slash == NULL ? parent : slash) = '\0';
    }
    return 0;
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

static void put(const struct settings_origin *origin, const char *name, const char *value,
                struct settings_complaints *complaints)
{
    char place[SETTINGS_PLACE_BYTES];

    if (json_object_set_new(origin->values, name, json_string(value)) == 0)
        return;
    settings_origin_place(origin, name, place);
    settings_complain(complaints, "%s: must be UTF-8", place);
}

/* NULL if neither the variable nor its _FILE twin is set, or if none can be read. */
static const char *variable_find(const char *variable, struct settings *settings,
                                 struct arena *arena, struct settings_complaints *complaints)
{
    char twin[SETTINGS_NAME_BYTES + sizeof(FILE_SUFFIX)];
    struct error problem = {0};
    struct text line;

    snprintf(twin, sizeof(twin), "%s%s", variable, FILE_SUFFIX);
    const char *direct = environment_find(variable);
    const char *path = environment_find(twin);

    if (path == NULL)
        return direct;
    if (direct != NULL) {
        settings_complain(complaints, "%s and %s are both set", variable, twin);
        return NULL;
    }
    settings_add_file(settings, path);
    if (file_read_line(path, arena, &line, &problem))
        return line.at;
    settings_complain(complaints, "%s: %s", twin, problem.message);
    return NULL;
}

static const char *environment_find(const char *variable)
{
    const char *value = getenv(variable);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* A warning and not an error, because an orchestrator adds variables of its own. Kubernetes does so
 * for a service of our name. */
static void warn_of_unknown_variables(void)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        struct text rest = text_of(*entry);
        struct text name = text_cut(&rest, '=');
        const size_t prefix = strlen("SLUICE_");
        char copy[SETTINGS_PLACE_BYTES];

        if (!text_starts_with(name, TEXT("SLUICE_")) || variable_is_known(name))
            continue;
        snprintf(copy, sizeof(copy), "%.*s", TEXT_PRINTF(name));
        const char *nearest =
            settings_nearest((struct text){name.at + prefix, name.length - prefix});
        char meant[SETTINGS_NAME_BYTES] = "";
        settings_write_variable(nearest == NULL ? "" : nearest, meant);
        log_write(LOG_WARN, "environment variable is no setting", LOG_STRING("name", copy),
                  LOG_STRING(nearest == NULL ? NULL : "nearest", meant));
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

static void complain_of_flag(struct text flag, struct settings_complaints *complaints)
{
    char name[SETTINGS_NAME_BYTES];
    char meant[SETTINGS_NAME_BYTES];

    (void)snprintf(name, sizeof(name), "%.*s", TEXT_PRINTF(flag));

    const char *nearest = settings_meant(name + strspn(name, "-"));

    if (nearest != NULL)
        settings_write_flag(nearest, meant);
    settings_complain(complaints, "%.*s: there is no such option%s%s%s", TEXT_PRINTF(flag),
                      nearest == NULL ? "" : "; did you mean ", nearest == NULL ? "" : meant,
                      nearest == NULL ? "" : "?");
}

static void place_in_file(const struct settings_origin *origin, const char *pointer,
                          char place[static SETTINGS_PLACE_BYTES])
{
    char path[SETTINGS_PLACE_BYTES];
    const int line = settings_origin_line(origin, pointer);

    write_path(pointer, path, sizeof(path));
    if (line == 0) {
        (void)snprintf(place, SETTINGS_PLACE_BYTES, "%.120s%s%.120s", origin->file,
                       path[0] == '\0' ? "" : ": ", path);
    } else {
        (void)snprintf(place, SETTINGS_PLACE_BYTES, "%.110s: line %d: %.110s", origin->file, line,
                       path);
    }
}

/* Writes "/apps/0/name" as "apps[0].name". */
static void write_path(const char *pointer, char *out, size_t size)
{
    struct text rest = text_of(pointer[0] == '/' ? pointer + 1 : pointer);
    size_t length = 0;

    out[0] = '\0';
    while (!text_is_absent(rest) && length < size) {
        struct text member = text_cut(&rest, '/');
        int64_t number;
        const bool is_index = text_parse_integer(member, &number);
        const char *before = is_index ? "[" : length == 0 ? "" : ".";

        length += (size_t)snprintf(out + length, size - length, "%s%.*s%s", before,
                                   TEXT_PRINTF(member), is_index ? "]" : "");
    }
}
