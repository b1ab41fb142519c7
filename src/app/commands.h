/* SPDX-License-Identifier: MIT
 *
 * The commands of `sluice`, from one table (commands.c) for the command line and its help. Main
 * thread. */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include "app/settings.h"

struct command {
    const char *word;
    const char *operands; /* the words before the options, as usage shows them */
    int operands_max;
    int (*run)(const struct settings_source *source); /* returns the exit code */
    bool takes_options;                               /* the options of all settings */
    const char *const *goes_by;                       /* the settings that it uses; NULL: all */
    const char *summary;                              /* one line */
    const char *text;                                 /* what it does */
    const char *example;                              /* a command line that works */
};

extern const struct command commands[];
extern const size_t commands_count;

/* NULL if there is none; then `error` names the nearest. "--version", "-V", "--help" and "-h" are
 * words, too. */
const struct command *commands_find(const char *word, struct error *error);

/* The functions of the commands (commands_run.c). */
int commands_run_serve(const struct settings_source *source);
int commands_run_check_config(const struct settings_source *source);
int commands_run_config(const struct settings_source *source);
int commands_run_healthcheck(const struct settings_source *source);
int commands_run_admin(const struct settings_source *source);
int commands_run_generate_key(const struct settings_source *source);
int commands_run_help(const struct settings_source *source);
int commands_run_version(const struct settings_source *source);

struct exit_meaning {
    int code;
    const char *text;
};

extern const struct exit_meaning exit_meanings[];
extern const size_t exit_meanings_count;

/* Print the help on all commands, and on one (commands_help.c). */
void commands_print_all(FILE *out);
void commands_print_one(FILE *out, const struct command *command);

#endif
