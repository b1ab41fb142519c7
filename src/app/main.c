/* SPDX-License-Identifier: MIT
 *
 * The command line of `sluice`. */
#include "app/admin.h"
#include "app/healthcheck.h"
#include "app/registration.h"
#include "app/service.h"
#include "app/settings.h"
#include "auth/api_key.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/code_point.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/nearest.h"

#include "event_log.h"
#include "signals.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>

#define COMPLAINT_BYTES 512

struct command {
    const char *word;
    int (*run)(const struct settings_source *source);
    bool takes_options;
    int words_max; /* before the options */
    const char *help;
};

static int run_serve(const struct settings_source *source);
static int run_check_config(const struct settings_source *source);
static int run_healthcheck(const struct settings_source *source);
static int run_admin(const struct settings_source *source);
static int run_generate_key(const struct settings_source *source);
static int run_version(const struct settings_source *source);

static const struct command commands[] = {
    {"serve", run_serve, true, 0, "answer requests until SIGTERM; SIGHUP rereads the settings"},
    {"check-config", run_check_config, true, 0, "say whether serve would accept the settings"},
    {"healthcheck", run_healthcheck, true, 0,
     "ask the service with these settings whether it lives"},
    {"admin", run_admin, true, SETTINGS_WORDS_MAX, "list, suspend or delete apps; see below"},
    {"generate-key", run_generate_key, false, 0, "print a new API key, for an app's api_key_file"},
    {"version", run_version, false, 0, "print the version"},
};

static void open_standard_streams(void);
static const struct command *command_find(const char *word, struct error *error);
static bool is_help(const char *argument);
static bool asks_help(int argc, char *argv[]);
static bool source_read(struct settings_source *source, int words_max, const char *options[],
                        int argc, char *argv[], struct error *error);
static struct settings *settings_or_complaint(const struct settings_source *source, int *exit_code);
static void print_help(FILE *out);
static int complain(int exit_code, const char *message);

int main(int argc, char *argv[])
{
    struct settings_source source;
    struct error error;

    open_standard_streams();
    if (sodium_init() < 0)
        return complain(EX_UNAVAILABLE, "libsodium cannot be initialised");
    signal(SIGPIPE, SIG_IGN);
    event_log_begin();

    if (asks_help(argc, argv)) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }

    const struct command *command = command_find(argv[1], &error);

    if (command == NULL)
        return complain(EXIT_USAGE, error.message);
    if (!command->takes_options && argc > 2)
        return complain(EXIT_USAGE, "this command takes no options");

    const char **options = memory_new((size_t)argc, sizeof(*options));
    int exit_code = source_read(&source, command->words_max, options, argc - 2, argv + 2, &error)
                        ? command->run(&source)
                        : complain(EXIT_USAGE, error.message);

    free(options);
    if (exit_code == EXIT_SUCCESS && (fflush(stdout) != 0 || ferror(stdout)))
        return complain(EX_IOERR, "the output could not be written");
    return exit_code;
}

static int run_serve(const struct settings_source *source)
{
    struct settings *settings;
    int exit_code;

    signals_hold_reloads();
    signals_end_cleanly();
    settings = settings_or_complaint(source, &exit_code);
    return settings == NULL ? exit_code : service_run(settings, source);
}

static int run_check_config(const struct settings_source *source)
{
    int exit_code;
    struct settings *settings = settings_or_complaint(source, &exit_code);

    if (settings == NULL)
        return exit_code;
    registration_settle(&settings->api, (const struct sockaddr *)&settings->listen);
    printf("The settings are valid.\nRegistration at `listen`: %s, because %s.\n",
           registration_words[settings->api.registers], registration_reason(&settings->api));
    settings_free(settings);
    return EXIT_SUCCESS;
}

static int run_healthcheck(const struct settings_source *source)
{
    int exit_code;
    struct error error;
    struct settings *settings = settings_or_complaint(source, &exit_code);

    if (settings == NULL)
        return exit_code;
    exit_code =
        healthcheck_run(settings, &error) ? EXIT_SUCCESS : complain(EXIT_FAILURE, error.message);
    settings_free(settings);
    return exit_code;
}

static int run_admin(const struct settings_source *source)
{
    int exit_code;
    struct error error = {.message = ""};
    struct settings *settings = settings_or_complaint(source, &exit_code);

    if (settings == NULL)
        return exit_code;
    exit_code = admin_run(settings, source->words, &error);
    settings_free(settings);
    return exit_code == EXIT_SUCCESS ? exit_code : complain(exit_code, error.message);
}

static int run_generate_key(const struct settings_source *source)
{
    char key[API_KEY_BYTES + 1];

    (void)source;
    api_key_generate(key);
    puts(key);
    sodium_memzero(key, sizeof(key));
    return EXIT_SUCCESS;
}

static int run_version(const struct settings_source *source)
{
    (void)source;
    puts("sluice " SLUICE_VERSION);
    return EXIT_SUCCESS;
}

/* Whatever is opened gets the lowest number that is free: without this it could be a socket or a
 * file that log lines go to. Output that nobody can read fails, as it would have without this. */
static void open_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        const int mode = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR;

        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode) != fd)
            abort();
    }
}

static const struct command *command_find(const char *word, struct error *error)
{
    struct nearest nearest;

    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        word = "version";
    nearest_init(&nearest, text_of(word));
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        if (strcmp(commands[i].word, word) == 0)
            return &commands[i];
        nearest_try(&nearest, commands[i].word);
    }
    error_set(error, "%s: there is no such command%s%s; see sluice --help", word,
              nearest.found == NULL ? "" : "; did you mean ",
              nearest.found == NULL ? "" : nearest.found);
    return NULL;
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

static bool asks_help(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        if (is_help(argv[i]))
            return true;
    }
    return argc > 1 && strcmp(argv[1], "help") == 0;
}

/* Takes words and --config out of the arguments; the others go to `options`. */
static bool source_read(struct settings_source *source, int words_max, const char *options[],
                        int argc, char *argv[], struct error *error)
{
    int words = 0;

    *source = (struct settings_source){.argv = options};
    while (words < words_max && words < argc && argv[words][0] != '-') {
        source->words[words] = argv[words];
        words++;
    }
    for (int i = words; i < argc; i++) {
        struct text value = text_of(argv[i]);
        if (!text_equal(text_cut(&value, '='), TEXT("--config"))) {
            options[source->argc++] = argv[i];
            continue;
        }
        if (text_is_absent(value))
            value = text_of(i + 1 < argc ? argv[++i] : NULL);
        if (value.length == 0)
            return error_set(error, "--config: needs a file");
        source->file = value.at;
    }
    return true;
}

static struct settings *settings_or_complaint(const struct settings_source *source, int *exit_code)
{
    struct settings_complaints complaints;
    struct settings *settings = settings_load(source, &complaints);

    if (settings != NULL)
        return settings;
    *exit_code = complaints.exit_code;
    for (size_t i = 0; i < complaints.count && i < SETTINGS_COMPLAINTS_MAX; i++)
        complain(*exit_code, complaints.at[i]);
    return NULL;
}

static void print_help(FILE *out)
{
    fputs("Sluice decides whether a caller may do something now.\n\n"
          "usage: sluice COMMAND [OPTION...]\n\ncommands:\n",
          out);
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        fprintf(out, "  %-14s %s\n", commands[i].word, commands[i].help);
    fputs(
        "\nactions of admin, before its options; services may run meanwhile, and see it within a\n"
        "second:\n",
        out);
    admin_print_help(out);
    fputs("\noptions of serve, check-config, healthcheck and admin (they outrank the environment, "
          "which\n"
          "outranks the file; SLUICE_X_FILE names a file whose first line is SLUICE_X):\n",
          out);
    settings_print_help(out);
    fputs("\nexit status: 0 done, 1 unhealthy or no such app, 2 wrong usage, 69 something needed "
          "cannot be had,\n"
          "78 wrong settings.\n",
          out);
}

/* Returns the exit code that it was given, also when nobody reads. The message may hold what others
 * have said. */
static int complain(int exit_code, const char *message)
{
    struct text rest = text_of(message);
    struct arena arena = {0};
    struct buffer line;

    buffer_init(&line, &arena, COMPLAINT_BYTES);
    buffer_add(&line, TEXT("sluice: "));
    while (rest.length > 0) {
        struct text character = {rest.at, text_utf8_bytes(rest)};

        rest.at += character.length > 0 ? character.length : 1;
        rest.length -= character.length > 0 ? character.length : 1;
        if (character.length == 0 || code_point_is_hidden(code_point_of(character)))
            character = TEXT("?");
        buffer_add(&line, character);
    }
    buffer_add_char(&line, '\n');
    log_complain(buffer_text(&line));
    arena_close(&arena);
    return exit_code;
}
