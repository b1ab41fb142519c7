/* SPDX-License-Identifier: MIT
 *
 * Says what is wrong with the settings, for people. Forms speak of JSON. Here their words become
 * those of a configuration. */
#include "settings_parts.h"

#include "auth/api_key.h"
#include "base/buffer.h"
#include "base/nearest.h"

#include <inttypes.h>
#include <stdarg.h>

#define DETAIL_BYTES   400
#define CAME_BYTES_MAX 40
#define MUST_BE        "must be "

static size_t order_write(const struct settings_origin *origin, const struct faults *faults,
                          size_t order[FAULTS_MAX]);
static void detail_write(const struct settings_origin *origin, const struct fault *fault,
                         struct buffer *out);
static void type_write(const struct setting *setting, const struct fault *fault,
                       const json_t *value, struct buffer *out);
static void words_write(const struct fault *fault, struct buffer *out);
static void came_write(const struct settings_origin *origin, const json_t *value, bool is_list,
                       struct buffer *out);
static void meant_write(const struct fault *fault, struct buffer *out);
static void advice_write(const struct settings_origin *origin, const struct fault *fault,
                         const json_t *value, struct buffer *out);
static bool needs_no_quotes(enum fault_type type, const char *text);
static const char *word_near_to(const struct setting *setting, const char *text);
static const json_t *value_at(const json_t *value, const char *pointer);
static const struct setting *setting_find(const char *pointer);
static bool is_secret(const char *pointer, const struct setting *setting, const json_t *value);

void settings_complain(struct settings_complaints *complaints, const char *format, ...)
{
    va_list values;

    if (complaints->count++ >= SETTINGS_COMPLAINTS_MAX)
        return;
    va_start(values, format);
    vsnprintf(complaints->at[complaints->count - 1], sizeof(complaints->at[0]), format, values);
    va_end(values);
}

void settings_report(const struct settings_origin *origin, const struct faults *faults,
                     struct settings_complaints *complaints)
{
    size_t order[FAULTS_MAX];
    const size_t kept = order_write(origin, faults, order);

    for (size_t i = 0; i < kept; i++) {
        const struct fault *fault = &faults->at[order[i]];
        char place[SETTINGS_PLACE_BYTES];
        struct arena arena = {0};
        struct buffer detail;

        buffer_init(&detail, &arena, DETAIL_BYTES);
        settings_origin_place(origin, fault->pointer, place);
        detail_write(origin, fault, &detail);
        settings_complain(complaints, "%s: %s", place, buffer_string(&detail));
        arena_close(&arena);
    }
    if (faults->count > kept) {
        settings_complain(complaints, "%zu more faults follow once these are gone",
                          faults->count - kept);
    }
}

/* Writes the faults in the order of the file, because a form finds unknown names last. Returns
 * their number. */
static size_t order_write(const struct settings_origin *origin, const struct faults *faults,
                          size_t order[FAULTS_MAX])
{
    const size_t kept = faults_kept(faults);

    for (size_t i = 0; i < kept; i++) {
        const int line = settings_origin_line(origin, faults->at[i].pointer);
        size_t place = i;

        for (;
             place > 0 && line < settings_origin_line(origin, faults->at[order[place - 1]].pointer);
             place--)
            order[place] = order[place - 1];
        order[place] = i;
    }
    return kept;
}

static void detail_write(const struct settings_origin *origin, const struct fault *fault,
                         struct buffer *out)
{
    const struct setting *setting = setting_find(fault->pointer);
    const json_t *value = value_at(origin->values, fault->pointer);

    if (fault->is_unknown) {
        meant_write(fault, out);
        return;
    }
    type_write(setting, fault, value, out);
    if (strncmp(fault->detail, MUST_BE, strlen(MUST_BE)) == 0 && value != NULL &&
        (fault->pointer[0] != '\0' || json_is_array(value)) &&
        !is_secret(fault->pointer, setting, value)) {
        came_write(origin, value, fault->type == FAULT_ARRAY, out);
        advice_write(origin, fault, value, out);
    }
}

static void type_write(const struct setting *setting, const struct fault *fault,
                       const json_t *value, struct buffer *out)
{
    static const struct {
        const char *suffix;
        const char *unit;
    } units[] = {{"_ms", " of milliseconds"}, {"_s", " of seconds"}};

    const bool is_of_type =
        setting != NULL && strncmp(fault->detail, MUST_BE, strlen(MUST_BE)) == 0;

    if (is_of_type && setting->kind == &setting_integer) {
        const char *unit = "";
        for (size_t i = 0; i < ARRAY_COUNT(units) && unit[0] == '\0'; i++) {
            const size_t length = strlen(setting->name);
            const size_t bytes = strlen(units[i].suffix);
            if (length > bytes && strcmp(setting->name + length - bytes, units[i].suffix) == 0)
                unit = units[i].unit;
        }
        buffer_printf(out, MUST_BE "a whole number%s from %" PRId64 " to %" PRId64, unit,
                      setting->min, setting->max);
    } else if (is_of_type && setting->kind->type != NULL && !json_is_string(value)) {
        buffer_printf(out, MUST_BE "%s", setting->kind->type);
    } else {
        words_write(fault, out);
    }
}

/* Replaces words of JSON by those of YAML. */
static void words_write(const struct fault *fault, struct buffer *out)
{
    static const char *const words[] = {
        [FAULT_INTEGER] = "a whole number",
        [FAULT_BOOL] = "true or false",
        [FAULT_ARRAY] = "a list",
        [FAULT_OBJECT] = "names with values, as in \"workers: 2\"",
    };
    const char *const range =
        fault->detail + strlen(MUST_BE) + strlen(fault_type_words[fault->type]);

    if (fault->type == FAULT_OTHER)
        buffer_printf(out, "%s", fault->detail);
    else
        buffer_printf(out, MUST_BE "%s%s", words[fault->type], range);
}

/* Writes what is there instead. In a file, quotes show that it is a text and not a number. */
static void came_write(const struct settings_origin *origin, const json_t *value, bool is_list,
                       struct buffer *out)
{
    const char *text = json_string_value(value);

    if (json_is_array(value) && is_list) {
        buffer_printf(out, ", not one of %zu", json_array_size(value));
    } else if (json_is_array(value)) {
        buffer_printf(out, ", not a list");
    } else if (json_is_object(value)) {
        buffer_printf(out, ", not names with values");
    } else if (json_is_integer(value)) {
        buffer_printf(out, ", not %" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        buffer_printf(out, ", not %.15g", json_real_value(value));
    } else if (json_is_boolean(value)) {
        buffer_printf(out, ", not %s", json_is_true(value) ? "true" : "false");
    } else if (text != NULL) {
        const size_t length = strlen(text);
        size_t shown = length > CAME_BYTES_MAX ? CAME_BYTES_MAX : length;

        while (shown < length && shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80)
            shown--;
        buffer_printf(out, ", not %s\"%.*s%s\"", origin->kind == ORIGIN_FILE ? "the text " : "",
                      (int)shown, text, shown < length ? "..." : "");
    }
}

/* Says what to write instead, if that is clear. */
static void advice_write(const struct settings_origin *origin, const struct fault *fault,
                         const json_t *value, struct buffer *out)
{
    const char *text = json_string_value(value);
    const char *near = text == NULL ? NULL : word_near_to(setting_find(fault->pointer), text);

    if (fault->type == FAULT_ARRAY && !json_is_array(value))
        buffer_printf(out, "; each value of a list begins with \"- \"");
    else if (near != NULL)
        buffer_printf(out, "; did you mean %s?", near);
    else if (text != NULL && origin->kind == ORIGIN_FILE && needs_no_quotes(fault->type, text))
        buffer_printf(out, "; leave the quotes out");
}

static bool needs_no_quotes(enum fault_type type, const char *text)
{
    int64_t number;

    if (type == FAULT_INTEGER)
        return text_parse_integer(text_of(text), &number);
    return type == FAULT_BOOL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
}

/* NULL also if the setting takes other values than words. */
static const char *word_near_to(const struct setting *setting, const char *text)
{
    struct nearest nearest;

    nearest_init(&nearest, text_of(text));
    for (size_t i = 0; setting != NULL && setting->words != NULL && setting->words[i] != NULL; i++)
        nearest_try(&nearest, setting->words[i]);
    return nearest.found;
}

static void meant_write(const struct fault *fault, struct buffer *out)
{
    const bool is_setting = strrchr(fault->pointer, '/') == fault->pointer;

    buffer_printf(out, "there is no such %s", is_setting ? "setting" : "name here");
    if (fault->meant != NULL)
        buffer_printf(out, "; did you mean %s?", fault->meant);
}

/* NULL if there is none. */
static const json_t *value_at(const json_t *value, const char *pointer)
{
    struct text rest = text_of(pointer[0] == '\0' ? NULL : pointer + 1);

    while (!text_is_absent(rest) && value != NULL) {
        struct text member = text_cut(&rest, '/');
        char name[sizeof(((struct fault *)NULL)->pointer)];
        int64_t index;

        (void)snprintf(name, sizeof(name), "%.*s", TEXT_PRINTF(member));
        if (!json_is_array(value)) {
            value = json_object_get(value, name);
            continue;
        }
        value = text_parse_integer(member, &index) ? json_array_get(value, (size_t)index) : NULL;
    }
    return value;
}

static const struct setting *setting_find(const char *pointer)
{
    for (size_t i = 0; pointer[0] == '/' && i < settings_table_count; i++) {
        if (strcmp(pointer + 1, settings_table[i].name) == 0)
            return &settings_table[i];
    }
    return NULL;
}

/* A user may have written a key in the place of its file. */
static bool is_secret(const char *pointer, const struct setting *setting, const json_t *value)
{
    return (setting != NULL && setting->kind->is_secret) || strstr(pointer, "/api_key") != NULL ||
           settings_may_hold_secret(json_string_value(value));
}

/* An API key, or a URL with a password, which somebody has put into another setting. */
bool settings_may_hold_secret(const char *value)
{
    return value != NULL && (strstr(value, API_KEY_PREFIX) != NULL ||
                             (strstr(value, "://") != NULL && strchr(value, '@') != NULL));
}
