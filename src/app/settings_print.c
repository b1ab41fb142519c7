/* SPDX-License-Identifier: MIT
 *
 * Prints settings as YAML that can be read back. A line that hides a secret is a comment, so that
 * the word in its place is never taken for the secret. */
#include "settings_parts.h"

#include "base/code_point.h"

#define TEXT_BYTES 4096

static void line_write(const char *name, const struct settings_value *value, struct buffer *out);
static void apps_write(const char *apps, struct buffer *out);
static void note_print(FILE *out, const struct settings *settings, const char *name);
static void compare(FILE *out, struct text line, const char *name, const char *in_force,
                    bool needs_restart);
static void visible_print(FILE *out, const char *before, struct text text);
static struct settings_change change_from(const char *in_force, const struct settings *settings);
static struct text line_of(struct text lines, const char *name);
static bool is_of(struct text line, const char *name);

void settings_print(FILE *out, const struct settings *settings, const char *in_force)
{
    const struct settings_change change = change_from(in_force, settings);

    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        const struct settings_value *value = &settings->values[i];
        struct arena arena = {0};
        struct buffer line;

        buffer_init(&line, &arena, TEXT_BYTES);
        line_write(setting->name, value, &line);
        fprintf(out, "%s", buffer_string(&line));
        if (value->text != NULL)
            fprintf(out, "  # %s", value->place);
        note_print(out, settings, setting->name);
        fputc('\n', out);
        compare(out, buffer_text(&line), setting->name, in_force,
                settings_needs_restart(setting, change));
        arena_close(&arena);
    }

    struct arena arena = {0};
    struct buffer line;

    buffer_init(&line, &arena, TEXT_BYTES);
    apps_write(settings->apps_text, &line);
    fprintf(out, "%s\n", buffer_string(&line));
    compare(out, buffer_text(&line), "apps", in_force, false);
    arena_close(&arena);
}

void settings_print_in_force(FILE *out, const struct settings *started,
                             const struct settings *latest)
{
    struct arena arena = {0};
    struct buffer lines;

    buffer_init(&lines, &arena, TEXT_BYTES);
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        const bool is_old = !setting->reloadable || settings_is_pending(setting, started, latest);

        line_write(setting->name, is_old ? &started->values[i] : &latest->values[i], &lines);
        buffer_add_char(&lines, '\n');
    }
    apps_write(latest->apps_text, &lines);
    fprintf(out, "%s\n", buffer_string(&lines));
    arena_close(&arena);
}

static void line_write(const char *name, const struct settings_value *value, struct buffer *out)
{
    const bool is_comment = value->text == NULL || value->is_hidden;

    buffer_printf(out, "%s%s: ", is_comment ? "# " : "", name);
    buffer_add(out, value->text == NULL ? TEXT("not set") : text_of(value->text));
}

static void apps_write(const char *apps, struct buffer *out)
{
    buffer_add(out, apps == NULL ? TEXT("# apps: not set") : TEXT("apps: "));
    buffer_add(out, text_of(apps));
}

/* What a value that depends on other things comes to. */
static void note_print(FILE *out, const struct settings *settings, const char *name)
{
    const struct settings_value *value = settings_value_of(settings, name);
    char place[REDIS_URL_BYTES];

    if (strcmp(name, "workers") == 0 && strcmp(value->text, "0") == 0) {
        fprintf(out, "; %d here", settings->workers);
    } else if (strcmp(name, "registration") == 0 && strcmp(value->text, "auto") == 0) {
        fprintf(out, "; %s at this `listen`", registration_words[settings->api.registers]);
    } else if (strcmp(name, "catalogue") == 0 && value->text == NULL) {
        fputs(settings->catalogue == CATALOGUE_KIND_REDIS ? "; redis, because the engine is"
                                                          : "; sluice.db in data_dir",
              out);
    } else if (strcmp(name, "redis_url") == 0 && value->text == NULL && use_redis.holds(settings)) {
        redis_url_write(&settings->redis, place);
        visible_print(out, "; ", text_of(place));
    }
}

/* Says what the service has instead. */
static void compare(FILE *out, struct text line, const char *name, const char *in_force,
                    bool needs_restart)
{
    const struct text theirs = line_of(text_of(in_force), name);
    struct text value = theirs;

    if (text_is_absent(theirs) || text_equal(theirs, line))
        return;
    (void)text_cut(&value, ':');
    visible_print(out, "#     in force:", value);
    fprintf(out, " (until %s)\n", needs_restart ? "a restart" : "SIGHUP");
}

/* A file that others may have written, or a variable, can hold what ends a comment. */
static void visible_print(FILE *out, const char *before, struct text text)
{
    struct arena arena = {0};
    struct buffer visible;

    buffer_init(&visible, &arena, TEXT_BYTES);
    code_point_write_visible(text, &visible);
    fprintf(out, "%s%s", before, buffer_string(&visible));
    arena_close(&arena);
}

/* A certificate that is not set is a comment. */
static struct settings_change change_from(const char *in_force, const struct settings *settings)
{
    const struct text certificate = line_of(text_of(in_force), "tls_certificate");
    struct arena arena = {0};
    struct buffer url;

    buffer_init(&url, &arena, TEXT_BYTES);
    line_write("redis_url", settings_value_of(settings, "redis_url"), &url);

    const struct settings_change change = {
        .of_https =
            text_starts_with(certificate, TEXT("tls_certificate")) != (settings->tls != NULL),
        .of_redis = !text_equal(line_of(text_of(in_force), "redis_url"), buffer_text(&url)),
    };

    arena_close(&arena);
    return change;
}

/* The line that has the setting, also as a comment. */
static struct text line_of(struct text lines, const char *name)
{
    while (lines.length > 0) {
        const struct text line = text_cut(&lines, '\n');

        if (is_of(line, name))
            return line;
    }
    return (struct text){0};
}

static bool is_of(struct text line, const char *name)
{
    const size_t skip = text_starts_with(line, TEXT("# ")) ? strlen("# ") : 0;
    const struct text rest = {line.at + skip, line.length - skip};

    return text_starts_with(rest, text_of(name)) && rest.length > strlen(name) &&
           rest.at[strlen(name)] == ':';
}
