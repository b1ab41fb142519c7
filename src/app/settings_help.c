/* SPDX-License-Identifier: MIT
 *
 * Prints the table of settings for people: the options of --help. */
#include "settings_parts.h"

static bool is_among(const char *const names[], const char *name);
static void print_setting(FILE *out, const struct setting *setting);

void settings_print_help(FILE *out, const char *const names[])
{
    fprintf(out, "  --config=FILE\n      YAML file with these settings and with apps. "
                 "Without it none is read.\n      [SLUICE_CONFIG]\n");
    for (size_t i = 0; i < settings_table_count; i++) {
        if (names == NULL || is_among(names, settings_table[i].name))
            print_setting(out, &settings_table[i]);
    }
}

void settings_print_hint(FILE *out, const struct setting *setting)
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

static bool is_among(const char *const names[], const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

static void print_setting(FILE *out, const struct setting *setting)
{
    char flag[SETTINGS_NAME_BYTES];
    char variable[SETTINGS_NAME_BYTES];
    struct text rest = text_of(setting->help);

    settings_write_flag(setting->name, flag);
    settings_write_variable(setting->name, variable);
    fprintf(out, "  %s=", flag);
    settings_print_hint(out, setting);
    while (!text_is_absent(rest)) {
        struct text line = text_cut(&rest, '\n');
        fprintf(out, "\n      %.*s", TEXT_PRINTF(line));
    }
    fprintf(out, "\n      [%s", variable);
    if (setting->fallback != NULL)
        fprintf(out, ", default %s", setting->fallback);
    fprintf(out, "%s]\n", setting->reloadable ? ", reread on SIGHUP" : ", needs a restart");
}
