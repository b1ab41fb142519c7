/* SPDX-License-Identifier: MIT
 *
 * The commands. A new one is a row here and a function in commands_run.c. */
#include "commands.h"

#include "base/nearest.h"

const struct command commands[] = {
    {"serve", commands_run_serve, true, 0,
     "answer requests until SIGTERM; SIGHUP rereads the settings"},
    {"check-config", commands_run_check_config, true, 0,
     "say whether serve would accept the settings"},
    {"healthcheck", commands_run_healthcheck, true, 0,
     "ask the service with these settings whether it lives"},
    {"admin", commands_run_admin, true, SETTINGS_WORDS_MAX,
     "list, suspend or delete apps; see below"},
    {"generate-key", commands_run_generate_key, false, 0,
     "print a new API key, for an app's api_key_file"},
    {"version", commands_run_version, false, 0, "print the version"},
};

const size_t commands_count = ARRAY_COUNT(commands);

const struct command *commands_find(const char *word, struct error *error)
{
    struct nearest nearest;

    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        word = "version";
    nearest_init(&nearest, text_of(word));
    for (size_t i = 0; i < commands_count; i++) {
        if (strcmp(commands[i].word, word) == 0)
            return &commands[i];
        nearest_try(&nearest, commands[i].word);
    }
    error_set(error, "%s: there is no such command%s%s; see sluice --help", word,
              nearest.found == NULL ? "" : "; did you mean ",
              nearest.found == NULL ? "" : nearest.found);
    return NULL;
}
