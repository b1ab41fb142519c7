/* SPDX-License-Identifier: MIT
 *
 * What each setting is, as YAML, and where that was said. A secret becomes the word "hidden" as
 * soon as it is read, so nothing here can print one. */
#include "settings_parts.h"

#include "base/code_point.h"
#include "base/memory.h"

#define TEXT_BYTES 64
#define HIDDEN     "hidden"

static struct settings_value value_of(const struct setting *setting, struct settings *settings,
                                      const struct settings_origin *origin, const json_t *json);
static void word_write(const struct settings *settings, const json_t *json, struct buffer *out);
static void text_write(const struct settings *settings, const json_t *json, struct buffer *out);
static void hidden_write(const struct settings *settings, const json_t *json, struct buffer *out);
static void redis_write(const struct settings *settings, const json_t *json, struct buffer *out);
static bool redis_is_hidden(const struct settings *settings);
static bool always(const struct settings *settings);

/* Kinds that are not written as a text in quotes. */
static const struct {
    const struct setting_kind *kind;
    void (*write)(const struct settings *settings, const json_t *json, struct buffer *out);
    bool (*is_hidden)(const struct settings *settings); /* NULL: never */
} rows[] = {
    {&setting_integer, word_write, NULL},      {&setting_bool, word_write, NULL},
    {&setting_choice, word_write, NULL},       {&setting_token, hidden_write, always},
    {&setting_pepper, hidden_write, always},   {&setting_redis_url, redis_write, redis_is_hidden},
    {&setting_password, hidden_write, always},
};

void settings_values_note(struct settings *settings, const struct settings_origin *origin)
{
    if (settings->values == NULL)
        settings->values =
            ARENA_ARRAY(&settings->arena, struct settings_value, settings_table_count);
    for (size_t i = 0; i < settings_table_count; i++) {
        const json_t *json = json_object_get(origin->values, settings_table[i].name);

        if (json == NULL || json_is_null(json))
            continue;
        const char *fallback = settings->values[i].fallback;
        settings->values[i] = value_of(&settings_table[i], settings, origin, json);
        settings->values[i].fallback =
            origin->kind == ORIGIN_DEFAULTS ? settings->values[i].text : fallback;
    }

    const json_t *apps = json_object_get(origin->values, "apps");

    if (origin->kind == ORIGIN_FILE && json_array_size(apps) > 0) {
        struct buffer text;

        buffer_init(&text, &settings->arena, TEXT_BYTES);
        settings_yaml_write(apps, &text);
        settings->apps_text = buffer_string(&text);
    }
}

struct settings_value *settings_values_copy(const struct settings *settings)
{
    struct settings_value *values = memory_new(settings_table_count, sizeof(*values));

    memcpy(values, settings->values, settings_table_count * sizeof(*values));
    return values;
}

const struct settings_value *settings_value_of(const struct settings *settings, const char *name)
{
    size_t i = 0;

    while (i < settings_table_count && strcmp(settings_table[i].name, name) != 0)
        i++;
    ASSERT(i < settings_table_count);
    return &settings->values[i];
}

size_t settings_find_pending(const struct settings *in_force, const struct settings *configured,
                             struct settings_pending pending[static SETTINGS_MAX])
{
    size_t count = 0;

    ASSERT(settings_table_count <= SETTINGS_MAX);
    for (size_t i = 0; i < settings_table_count; i++) {
        if (settings_is_pending(&settings_table[i], in_force, configured)) {
            pending[count++] = (struct settings_pending){
                settings_table[i].name, &in_force->values[i], &configured->values[i]};
        }
    }
    return count;
}

/* A setting that neither sets follows another one, which is named. */
bool settings_is_pending(const struct setting *setting, const struct settings *in_force,
                         const struct settings *configured)
{
    const size_t i = (size_t)(setting - settings_table);

    if (in_force->values[i].text == NULL && configured->values[i].text == NULL)
        return false;
    if (setting->kind->same(setting, in_force, configured))
        return false;
    return settings_needs_restart(
        setting, (struct settings_change){
                     .of_https = (in_force->tls == NULL) != (configured->tls == NULL),
                     .of_redis = settings_change_redis(in_force, configured),
                 });
}

bool settings_needs_restart(const struct setting *setting, struct settings_change change)
{
    const bool is_of_tls = setting->kind == &setting_file ||
                           setting->kind == &setting_secret_file ||
                           setting->kind == &setting_priorities;

    if (!setting->reloadable)
        return true;
    if (setting->use == &use_redis_tls)
        return change.of_redis;
    return is_of_tls && change.of_https;
}

bool settings_change_redis(const struct settings *in_force, const struct settings *configured)
{
    const struct setting *url = settings_table;

    while (url->kind != &setting_redis_url)
        url++;
    return !url->kind->same(url, in_force, configured) ||
           (in_force->redis_tls == NULL) != (configured->redis_tls == NULL);
}

static struct settings_value value_of(const struct setting *setting, struct settings *settings,
                                      const struct settings_origin *origin, const json_t *json)
{
    struct settings_value value = {0};
    char place[SETTINGS_PLACE_BYTES];
    struct buffer text;
    struct buffer visible;
    size_t row = 0;

    while (row < ARRAY_COUNT(rows) && rows[row].kind != setting->kind)
        row++;
    buffer_init(&text, &settings->arena, TEXT_BYTES);
    if (row == ARRAY_COUNT(rows)) {
        text_write(settings, json, &text);
    } else {
        rows[row].write(settings, json, &text);
        value.is_hidden = rows[row].is_hidden != NULL && rows[row].is_hidden(settings);
    }
    value.text = buffer_string(&text);
    settings_origin_source(origin, setting->name, place);
    buffer_init(&visible, &settings->arena, sizeof(place));
    code_point_write_visible(text_of(place), &visible);
    value.place = buffer_string(&visible);
    return value;
}

/* Numbers, true and false, and words of a choice. Only a file has other values than texts. */
static void word_write(const struct settings *settings, const json_t *json, struct buffer *out)
{
    if (json_is_string(json))
        buffer_add(out, text_of(json_string_value(json)));
    else
        text_write(settings, json, out);
}

static void text_write(const struct settings *settings, const json_t *json, struct buffer *out)
{
    (void)settings;
    settings_yaml_write(json, out);
}

static void hidden_write(const struct settings *settings, const json_t *json, struct buffer *out)
{
    (void)settings;
    (void)json;
    buffer_add(out, TEXT(HIDDEN));
}

/* The URL is not repeated, because a part of it may be a password that is written oddly. */
static void redis_write(const struct settings *settings, const json_t *json, struct buffer *out)
{
    char url[REDIS_URL_BYTES];
    struct buffer text;
    struct arena arena = {0};

    (void)json;
    redis_url_write(&settings->redis, url);
    char *behind_scheme = strstr(url, "://") + strlen("://");
    buffer_init(&text, &arena, sizeof(url));
    buffer_printf(&text, "%.*s%s%s", (int)(behind_scheme - url), url,
                  redis_is_hidden(settings) ? HIDDEN "@" : "", behind_scheme);
    json_t *written = json_string(buffer_string(&text));
    if (written != NULL)
        settings_yaml_write(written, out);
    else
        buffer_add(out, TEXT(HIDDEN));
    json_decref(written);
    arena_close(&arena);
}

static bool redis_is_hidden(const struct settings *settings)
{
    return settings->redis.login.user[0] != '\0' || settings->redis.login.password[0] != '\0';
}

static bool always(const struct settings *settings)
{
    (void)settings;
    return true;
}
