/* SPDX-License-Identifier: MIT
 *
 * The commands. A new one is a row here and a function in commands_run.c. */
#include "commands.h"

#include "base/nearest.h"

#include <sysexits.h>

static const char *const of_healthcheck[] = {"listen", "tls_certificate", "tls_key", NULL};
static const char *const of_catalogue[] = {"engine",
                                           "redis_url",
                                           "redis_tls_ca",
                                           "redis_tls_certificate",
                                           "redis_tls_key",
                                           "redis_tls_server_name",
                                           "redis_sentinel_user",
                                           "redis_sentinel_password",
                                           "catalogue",
                                           "data_dir",
                                           "key_pepper",
                                           NULL};

const struct command commands[] = {
    {
        .word = "serve",
        .operands = "",
        .run = commands_run_serve,
        .takes_options = true,
        .summary = "answer requests until SIGTERM; SIGHUP rereads the settings",
        .text = "Answers requests until SIGTERM or SIGINT. Then it answers those under way and\n"
                "ends. At SIGHUP it reads the settings again. Those marked \"reread on SIGHUP\"\n"
                "take their new values. For each other one that differs it logs a warning with\n"
                "both values, because it needs a restart.",
        .example = "sluice serve --listen=127.0.0.1:8080 --data-dir=./data",
    },
    {
        .word = "check-config",
        .operands = "",
        .run = commands_run_check_config,
        .takes_options = true,
        .summary = "say whether serve would accept the settings",
        .text = "Reads the settings like serve, and starts nothing. It names everything that is\n"
                "wrong with them, each with its place. If nothing is wrong, it warns of settings\n"
                "that make no difference, and says who may register an app.",
        .example = "sluice check-config --config=sluice.yaml",
    },
    {
        .word = "config",
        .operands = "",
        .run = commands_run_config,
        .takes_options = true,
        .summary = "print all settings, where each comes from, and what a service has instead",
        .text = "Prints all settings as serve would have them, each with the line, the variable\n"
                "or the option that it comes from, as YAML that --config takes. Secrets are\n"
                "hidden, and a line with one is a comment. If a service runs with this data_dir,\n"
                "it also prints each value that the service has in force instead, and whether\n"
                "SIGHUP or a restart would change it.",
        .example = "sluice config --config=sluice.yaml",
    },
    {
        .word = "healthcheck",
        .operands = "",
        .run = commands_run_healthcheck,
        .takes_options = true,
        .goes_by = of_healthcheck,
        .summary = "ask whether the service with these settings is alive",
        .text = "Asks GET /livez at `listen`, from this machine, and waits at most two\n"
                "seconds. With TLS it only connects. It is for containers without curl.",
        .example = "sluice healthcheck --listen=127.0.0.1:8080",
    },
    {
        .word = "admin",
        .operands = "ACTION [APP_ID]",
        .operands_max = SETTINGS_WORDS_MAX,
        .run = commands_run_admin,
        .takes_options = true,
        .goes_by = of_catalogue,
        .summary = "list, suspend or delete apps, or replace their keys",
        .text = "Reads or changes apps in the catalogue itself. Services may run meanwhile. They\n"
                "see a change within a second.",
        .example = "sluice admin list --data-dir=./data",
    },
    {
        .word = "generate-key",
        .operands = "",
        .run = commands_run_generate_key,
        .summary = "print a new API key, for an app's api_key_file",
        .text = "Prints a new API key, and keeps no copy. The key becomes valid when a file with\n"
                "it is the api_key_file of an app in the configuration.",
        .example = "sluice generate-key > shop.key",
    },
    {
        .word = "help",
        .operands = "[COMMAND]",
        .operands_max = 1,
        .run = commands_run_help,
        .summary = "print what a command does, its options and an example",
        .text = "Prints what a command does, the options that it takes and an example. So does\n"
                "the command with --help or -h. Without a command it lists the commands.",
        .example = "sluice help serve",
    },
    {
        .word = "version",
        .operands = "",
        .run = commands_run_version,
        .summary = "print the version",
        .text = "Prints the version. So do --version and -V.",
        .example = "sluice version",
    },
};

const size_t commands_count = ARRAY_COUNT(commands);

const struct exit_meaning exit_meanings[] = {
    {EXIT_SUCCESS, "done"},
    {EXIT_FAILURE, "the service is not healthy, or there is no such app"},
    {EXIT_USAGE, "wrong usage, such as a wrong value of an option"},
    {EX_UNAVAILABLE, "an address, a database, the sandbox or descriptors are not available"},
    {EX_IOERR, "the output could not be written"},
    {EX_CONFIG, "wrong settings, or a wrong file that they name"},
};

const size_t exit_meanings_count = ARRAY_COUNT(exit_meanings);

static const char *word_of(const char *typed);

const struct command *commands_find(const char *typed, struct error *error)
{
    const char *word = word_of(typed);
    struct nearest nearest;

    nearest_init(&nearest, text_of(word));
    for (size_t i = 0; i < commands_count; i++) {
        if (strcmp(commands[i].word, word) == 0)
            return &commands[i];
        nearest_try(&nearest, commands[i].word);
    }
    if (nearest.found == NULL)
        error_set(error, "%s: there is no such command; see sluice help", typed);
    else
        error_set(error, "%s: there is no such command; did you mean %s?", typed, nearest.found);
    return NULL;
}

/* Finds the word for what is often typed instead of a command. */
static const char *word_of(const char *typed)
{
    static const struct {
        const char *option;
        const char *word;
    } rows[] = {{"--version", "version"}, {"-V", "version"}, {"--help", "help"}, {"-h", "help"}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (strcmp(rows[i].option, typed) == 0)
            return rows[i].word;
    }
    return typed;
}
