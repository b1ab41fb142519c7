/* SPDX-License-Identifier: MIT
 *
 * The manual pages as they were built, against the tables that they are made of. */
#include "app/admin.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#include "../../src/app/commands.h"
#include "../../src/app/settings_parts.h"

/* Ends lines with spaces, and puts what each escape stands for in its place. In `page` itself. */
static char *page_plain(char *page)
{
    static const struct {
        const char *escape;
        const char *plain;
    } rows[] = {{"\\(aq", "'"}, {"\\(ga", "`"}, {"\\(dq", "\""}, {"\\(ti", "~"}, {"\\(ha", "^"},
                {"\\-", "-"},   {"\\:", ""},    {"\\&", ""},     {"\\e", "\\"},  {"\n", " "}};
    char *out = page;

    for (const char *in = page; *in != '\0';) {
        size_t i = 0;
        while (i < ARRAY_COUNT(rows) && strncmp(in, rows[i].escape, strlen(rows[i].escape)) != 0)
            i++;
        if (i == ARRAY_COUNT(rows)) {
            *out++ = *in++;
            continue;
        }
        in += strlen(rows[i].escape);
        for (const char *c = rows[i].plain; *c != '\0'; c++)
            *out++ = *c;
    }
    *out = '\0';
    return page;
}

/* The caller's to free. */
static char *page_read(const char *path)
{
    char *page = scratch_read(path);

    assert_non_null(page);
    return page_plain(page);
}

static void expect_on(const char *page, const char *text, const char *of)
{
    char *line = strdup(text);

    assert_non_null(line);
    for (char *c = line; *c != '\0'; c++)
        *c = *c == '\n' ? ' ' : *c;
    if (strstr(page, line) == NULL)
        fail_msg("the page does not have \"%s\", of %s", line, of);
    free(line);
}

static void every_setting_has_its_text_its_names_and_its_default(void **state)
{
    char *page = page_read(SETTINGS_PAGE);
    (void)state;

    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        char item[2048];
        char flag[SETTINGS_NAME_BYTES];
        char variable[SETTINGS_NAME_BYTES];
        settings_write_flag(setting->name, flag);
        settings_write_variable(setting->name, variable);

        (void)snprintf(item, sizeof(item), ".It Sy \"%s\" : Ar \"", setting->name);
        expect_on(page, item, setting->name);
        expect_on(page, setting->help, setting->name);
        (void)snprintf(
            item, sizeof(item), ".Fl \"%s\" , variable .Ev %s %s%s%s %s%s%s%s", flag + 1, variable,
            setting->fallback == NULL ? "." : ", default .Ql \"",
            setting->fallback == NULL ? "" : setting->fallback,
            setting->fallback == NULL ? "" : "\" .",
            setting->use == NULL ? "" : "It makes a difference only if ",
            setting->use == NULL ? "" : setting->use->when, setting->use == NULL ? "" : ". ",
            setting->reloadable ? "It is read again on .Dv SIGHUP ." : "A change needs a restart.");
        expect_on(page, item, setting->name);
    }
    free(page);
}

static void every_command_has_its_text_and_its_example(void **state)
{
    char *page = page_read(COMMANDS_PAGE);
    (void)state;

    for (size_t i = 0; i < commands_count; i++) {
        const struct command *command = &commands[i];
        char item[128];

        (void)snprintf(item, sizeof(item), ".Nm .Cm \"%s\" %s", command->word, command->operands);
        expect_on(page, item, command->word);
        (void)snprintf(item, sizeof(item), ".It Cm \"%s\" ", command->word);
        expect_on(page, item, command->word);
        expect_on(page, command->text, command->word);
        expect_on(page, command->example, command->word);
        for (size_t k = 0; command->goes_by != NULL && command->goes_by[k] != NULL; k++) {
            (void)snprintf(item, sizeof(item), ".Sy \"%s\"", command->goes_by[k]);
            expect_on(page, item, command->word);
        }
    }
    free(page);
}

static void every_action_and_exit_status_has_its_text(void **state)
{
    char *page = page_read(COMMANDS_PAGE);
    char item[128];
    (void)state;

    for (size_t i = 0; i < admin_actions_count; i++) {
        (void)snprintf(item, sizeof(item), ".It Cm \"%s\"%s %s", admin_actions[i].word,
                       admin_actions[i].takes_app ? " Ar APP_ID" : "", admin_actions[i].help);
        expect_on(page, item, admin_actions[i].word);
    }
    for (size_t i = 0; i < exit_meanings_count; i++) {
        (void)snprintf(item, sizeof(item), ".It %d %s", exit_meanings[i].code,
                       exit_meanings[i].text);
        expect_on(page, item, "the exit status");
    }
    free(page);
}

static void what_a_command_goes_by_is_a_setting(void **state)
{
    (void)state;

    for (size_t i = 0; i < commands_count; i++) {
        for (size_t k = 0; commands[i].goes_by != NULL && commands[i].goes_by[k] != NULL; k++)
            assert_string_equal(settings_nearest(text_of(commands[i].goes_by[k])),
                                commands[i].goes_by[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_has_its_text_its_names_and_its_default),
        cmocka_unit_test(every_command_has_its_text_and_its_example),
        cmocka_unit_test(every_action_and_exit_status_has_its_text),
        cmocka_unit_test(what_a_command_goes_by_is_a_setting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
