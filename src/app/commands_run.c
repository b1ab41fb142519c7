/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include "app/admin.h"
#include "app/healthcheck.h"
#include "app/registration.h"
#include "app/service.h"
#include "auth/api_key.h"

#include "base/code_point.h"
#include "complaint.h"
#include "in_force.h"
#include "signals.h"

#include <sodium.h>

static struct settings *settings_or_complaint(const struct settings_source *source, int *exit_code);
static void print_comment(const char *line, const char *second);

int commands_run_serve(const struct settings_source *source)
{
    struct settings *settings;
    int exit_code;

    signals_hold_reloads();
    signals_end_cleanly();
    settings = settings_or_complaint(source, &exit_code);
    return settings == NULL ? exit_code : service_run(settings, source);
}

int commands_run_check_config(const struct settings_source *source)
{
    int exit_code;
    struct settings *settings = settings_or_complaint(source, &exit_code);

    if (settings == NULL)
        return exit_code;
    settings_warn_of_unused(settings, settings);
    registration_settle(&settings->api, (const struct sockaddr *)&settings->listen);
    printf("The settings are valid.\nRegistration at `listen`: %s, because %s.\n",
           registration_words[settings->api.registers], registration_reason(&settings->api));
    settings_free(settings);
    return EXIT_SUCCESS;
}

int commands_run_config(const struct settings_source *source)
{
    int exit_code;
    struct error error = {.message = ""};
    struct settings *settings = settings_or_complaint(source, &exit_code);

    if (settings == NULL)
        return exit_code;

    char *in_force = in_force_read(settings, &error);

    registration_settle(&settings->api, (const struct sockaddr *)&settings->listen);
    if (in_force == NULL) {
        print_comment("What serve would have in force. What a service has is not known:",
                      error.message);
    } else {
        print_comment("What serve would have in force. Where the service that runs with this "
                      "data_dir has",
                      "something else, the next line says so. Of what is hidden it says nothing.");
    }
    settings_print(stdout, settings, in_force);
    free(in_force);
    settings_free(settings);
    return EXIT_SUCCESS;
}

int commands_run_healthcheck(const struct settings_source *source)
{
    int exit_code;
    struct error error;
    struct settings *settings = settings_or_complaint(source, &exit_code);

    if (settings == NULL)
        return exit_code;
    exit_code = healthcheck_run(settings, &error) ? EXIT_SUCCESS
                                                  : complaint_print(EXIT_FAILURE, error.message);
    settings_free(settings);
    return exit_code;
}

int commands_run_admin(const struct settings_source *source)
{
    int exit_code;
    struct error error = {.message = ""};
    struct settings *settings = settings_or_complaint(source, &exit_code);

    if (settings == NULL)
        return exit_code;
    exit_code = admin_run(settings, source->words, &error);
    settings_free(settings);
    return exit_code == EXIT_SUCCESS ? exit_code : complaint_print(exit_code, error.message);
}

int commands_run_generate_key(const struct settings_source *source)
{
    char key[API_KEY_BYTES + 1];

    (void)source;
    api_key_generate(key);
    puts(key);
    sodium_memzero(key, sizeof(key));
    return EXIT_SUCCESS;
}

int commands_run_help(const struct settings_source *source)
{
    const struct command *command;
    struct error error;

    if (source->words[0] == NULL) {
        commands_print_all(stdout);
        return EXIT_SUCCESS;
    }
    command = commands_find(source->words[0], &error);
    if (command == NULL)
        return complaint_print(EXIT_USAGE, error.message);
    commands_print_one(stdout, command);
    return EXIT_SUCCESS;
}

int commands_run_version(const struct settings_source *source)
{
    (void)source;
    puts("sluice " SLUICE_VERSION);
    return EXIT_SUCCESS;
}

static struct settings *settings_or_complaint(const struct settings_source *source, int *exit_code)
{
    struct settings_complaints complaints;
    struct settings *settings = settings_load(source, &complaints);

    if (settings != NULL)
        return settings;
    *exit_code = complaints.exit_code;
    for (size_t i = 0; i < complaints.count && i < SETTINGS_COMPLAINTS_MAX; i++)
        complaint_print(*exit_code, complaints.at[i]);
    return NULL;
}

/* The second line may have text from outside in it. */
static void print_comment(const char *line, const char *second)
{
    struct arena arena = {0};
    struct buffer visible;

    buffer_init(&visible, &arena, 512);
    code_point_write_visible(text_of(second), &visible);
    printf("# %s\n# %s\n", line, buffer_string(&visible));
    arena_close(&arena);
}
