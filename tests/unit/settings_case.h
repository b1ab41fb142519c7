/* SPDX-License-Identifier: MIT
 *
 * Settings as an operator meets them: files, variables and flags in, values or one sentence out.
 * What goes wrong fails the test. */
#ifndef UNIT_SETTINGS_CASE_H
#define UNIT_SETTINGS_CASE_H

#include "app/settings.h"
#include "support/cmocka.h"

#include <sysexits.h>

#define EMPTY_FILE  ""
#define NO_FLAGS    ((const char *const[]){NULL})
#define FLAGS(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define PEM_CONTENT "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"

/* The path of a new file with this content; lives until four more are made. */
const char *settings_file(const char *name, const char *content);

/* settings_load() of these; `file` may be NULL. */
struct settings *settings_try(const char *file, const char *const flags[], int *exit_code,
                              struct error *error);

/* Of a file with this content. */
struct settings *settings_valid(const char *yaml, const char *const flags[]);

/* Loading fails with this exit code and message. */
void settings_refused(const char *file, const char *const flags[], int exit_code,
                      const char *message);
/* So does a file with this content; `message` is what follows the file's name. */
void settings_file_refused(const char *yaml, const char *message);

struct mistake {
    const char *yaml;
    const char *messages; /* all that is said of it, a line each, without the file's name */
    const char *change;   /* the judgement: what a reader of the messages will change */
};

void settings_mistakes_told(const struct mistake rows[], size_t count);

/* Each test begins in an environment without any setting. */
#define SETTINGS_TEST(claim) cmocka_unit_test_setup(claim, settings_case_begin)
int settings_case_begin(void **state);

/* Setup and teardown of the group. */
int settings_case_open(void **state);
int settings_case_close(void **state);

#endif
