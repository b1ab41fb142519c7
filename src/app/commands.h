/* SPDX-License-Identifier: MIT
 *
 * What `sluice` can be told to do, from one table (commands.c). Main thread. */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include "app/settings.h"

struct command {
    const char *word;
    int (*run)(const struct settings_source *source); /* returns the exit code */
    bool takes_options;
    int words_max; /* before the options */
    const char *help;
};

extern const struct command commands[];
extern const size_t commands_count;

/* NULL when there is none, with the nearest in `error`. "--version" and "-V" are words, too. */
const struct command *commands_find(const char *word, struct error *error);

/* What each of them does (commands_run.c). */
int commands_run_serve(const struct settings_source *source);
int commands_run_check_config(const struct settings_source *source);
int commands_run_healthcheck(const struct settings_source *source);
int commands_run_admin(const struct settings_source *source);
int commands_run_generate_key(const struct settings_source *source);
int commands_run_version(const struct settings_source *source);

/* All of them, for --help (commands_help.c). */
void commands_print_help(FILE *out);

#endif
