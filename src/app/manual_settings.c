/* SPDX-License-Identifier: MIT */
#include "manual.h"

#include "settings_parts.h"

static void write_setting(FILE *out, const struct setting *setting);
static void write_hint(FILE *out, const struct setting *setting);
static void write_origins(FILE *out, const struct setting *setting);
static void write_apps(FILE *out);

void manual_write_settings(FILE *out)
{
    manual_write_head(out, "sluice.yaml", 5, "settings of sluice");
    fputs(".Sh DESCRIPTION\n.Nm\nis a file in YAML that\n.Xr sluice 8\nreads when\n"
          ".Fl \\-config\nor\n.Ev SLUICE_CONFIG\nnames it.\n"
          "A setting is a line with its name, a colon, a space and its value.\n"
          "An unknown name is an error.\n"
          "Each setting is an option and a variable of the environment, too.\n"
          "Options outrank the environment, the environment outranks the file, and the file "
          "outranks\nthe defaults.\n",
          out);
    fputs(".Sh SETTINGS\n.Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < settings_table_count; i++)
        write_setting(out, &settings_table[i]);
    fputs(".El\n", out);
    write_apps(out);
    fputs(".Sh SEE ALSO\n.Xr sluice 8\n", out);
}

static void write_setting(FILE *out, const struct setting *setting)
{
    fputs(".It Sy", out);
    manual_write_word(out, setting->name);
    write_hint(out, setting);
    manual_write_text(out, setting->help);
    write_origins(out, setting);
}

static void write_hint(FILE *out, const struct setting *setting)
{
    char *hint = NULL;
    size_t length;
    FILE *memory = open_memstream(&hint, &length);

    ASSERT(memory != NULL);
    settings_print_hint(memory, setting);
    fclose(memory);
    fputs(" : Ar", out);
    manual_write_word(out, hint);
    fputc('\n', out);
    free(hint);
}

static void write_origins(FILE *out, const struct setting *setting)
{
    char name[SETTINGS_NAME_BYTES];

    settings_write_flag(setting->name, name);
    fputs(".Pp\nOption\n.Fl", out);
    manual_write_word(out, name + strlen("-"));
    settings_write_variable(setting->name, name);
    fprintf(out, " ,\nvariable\n.Ev %s%s\n", name, setting->fallback == NULL ? " ." : " ,");
    if (setting->fallback != NULL) {
        fputs("default\n.Ql", out);
        manual_write_word(out, setting->fallback);
        fputs(" .\n", out);
    }
    if (setting->use != NULL) {
        char sentence[128];
        (void)snprintf(sentence, sizeof(sentence), "It makes a difference only if %s.",
                       setting->use->when);
        manual_write_text(out, sentence);
    }
    fputs(setting->reloadable ? "It is read again on\n.Dv SIGHUP .\n"
                              : "A change needs a restart.\n",
          out);
}

/* The table of settings does not have them (settings_apps.c). */
static void write_apps(FILE *out)
{
    fputs(".Sh APPS\nThe member\n.Sy apps\nof the file is a list of apps that must exist.\n"
          "Each has a\n.Sy name ;\none of\n.Sy api_key_file\nand\n.Sy api_key_env ,\n"
          "which name the file or the variable that holds its key; and a list of\n.Sy policies ,\n"
          "which are as\n.Ql POST /policy\ntakes them.\n",
          out);
    fputs(".Bd -literal -offset indent\napps:\n  \\- name: shop\n"
          "    api_key_file: /run/secrets/shop_api_key\n    policies:\n"
          "      \\- route_key: /api/orders\n        limit: 100\n        window_seconds: 60\n.Ed\n",
          out);
}
