/* SPDX-License-Identifier: MIT */
#include "settings_case.h"

#include "../../src/app/settings_parts.h"
#include "support/scratch.h"

#include <sodium.h>

const char *settings_file(const char *name, const char *content)
{
    static char paths[4][SCRATCH_PATH_BYTES];
    static size_t next;
    char *path = paths[next++ % ARRAY_COUNT(paths)];

    scratch_file(name, content, path);
    return path;
}

struct settings *settings_try(const char *file, const char *const flags[], int *exit_code,
                              struct error *error)
{
    struct settings_source source = {.file = file, .argv = flags};

    while (flags[source.argc] != NULL)
        source.argc++;
    struct settings_complaints complaints;
    struct settings *settings = settings_load(&source, &complaints);

    *error = (struct error){0};
    if (settings == NULL) {
        *exit_code = complaints.exit_code;
        error_set(error, "%s", complaints.at[0]);
    }
    return settings;
}

struct settings *settings_valid(const char *yaml, const char *const flags[])
{
    int exit_code;
    struct error error;
    struct settings *settings =
        settings_try(settings_file("valid.yaml", yaml), flags, &exit_code, &error);

    assert_string_equal(error.message, "");
    assert_non_null(settings);
    return settings;
}

void settings_refused(const char *file, const char *const flags[], int exit_code,
                      const char *message)
{
    int exit_code_given = EXIT_SUCCESS;
    struct error error;
    struct settings *settings = settings_try(file, flags, &exit_code_given, &error);

    assert_null(settings);
    assert_string_equal(error.message, message);
    assert_int_equal(exit_code_given, exit_code);
}

void settings_file_refused(const char *yaml, const char *message)
{
    const char *file = settings_file("refused.yaml", yaml);
    char expected[sizeof(((struct error *)NULL)->message)];

    (void)snprintf(expected, sizeof(expected), "%s: %s", file, message);
    settings_refused(file, NO_FLAGS, EX_CONFIG, expected);
}

static void mistake_told(const struct mistake *mistake)
{
    const char *file = settings_file("mistakes.yaml", mistake->yaml);
    const struct settings_source source = {.file = file};
    struct settings_complaints complaints;
    char told[2048] = "";
    struct settings *settings = settings_load(&source, &complaints);

    assert_null(settings);
    assert_int_equal(complaints.exit_code, EX_CONFIG);
    for (size_t i = 0; i < complaints.count; i++) {
        const char *message = complaints.at[i];
        const size_t length = strlen(told);

        if (strncmp(message, file, strlen(file)) == 0)
            message += strlen(file) + strlen(": ");
        (void)snprintf(told + length, sizeof(told) - length, "%s%s", i == 0 ? "" : "\n", message);
    }
    if (strcmp(told, mistake->messages) != 0)
        fail_msg("of %s, to change %s: %s", mistake->yaml, mistake->change, told);
}

void settings_mistakes_told(const struct mistake rows[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        mistake_told(&rows[i]);
}

int settings_case_begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        char variable[SETTINGS_NAME_BYTES + 8];
        settings_write_variable(settings_table[i].name, variable);
        unsetenv(variable);
        (void)snprintf(variable + strlen(variable), 8, "_FILE");
        unsetenv(variable);
    }
    unsetenv("SLUICE_CONFIG");
    unsetenv("REDIS_HOST");
    unsetenv("REDIS_PORT");
    unsetenv("TEST_APP_KEY");
    return 0;
}

int settings_case_open(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int settings_case_close(void **state)
{
    (void)state;
    scratch_remove();
    return 0;
}
