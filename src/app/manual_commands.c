/* SPDX-License-Identifier: MIT */
#include "manual.h"

#include "app/admin.h"

#include "commands.h"

static void write_synopsis(FILE *out);
static void write_commands(FILE *out);
static void write_goes_by(FILE *out, const struct command *command);
static void write_actions(FILE *out);
static void write_environment(FILE *out);
static void write_signals(FILE *out);
static void write_exit_codes(FILE *out);

void manual_write_commands(FILE *out)
{
    manual_write_head(out, "sluice", 8, "decides whether a caller may do something now");
    write_synopsis(out);
    fputs(".Sh DESCRIPTION\n.Nm\nis an HTTP service that counts what callers do and answers "
          "whether one may\ndo something now.\nIts commands are:\n",
          out);
    write_commands(out);
    fputs(".Sh OPTIONS\nEach setting of\n.Xr sluice.yaml 5\nis an option, too: with dashes in "
          "place of\nunderscores, and with its value behind a space or an equals sign.\n"
          ".Fl \\-config\nnames the file.\nOptions outrank the environment, which outranks the "
          "file.\n",
          out);
    write_environment(out);
    write_signals(out);
    write_exit_codes(out);
    fputs(".Sh SEE ALSO\n.Xr sluice.yaml 5\n", out);
}

static void write_synopsis(FILE *out)
{
    fputs(".Sh SYNOPSIS\n", out);
    for (size_t i = 0; i < commands_count; i++) {
        fprintf(out, ".Nm\n.Cm");
        manual_write_word(out, commands[i].word);
        fputc('\n', out);
        if (commands[i].operands[0] != '\0')
            manual_write_text(out, commands[i].operands);
        if (commands[i].takes_options)
            fputs(".Op Ar option ...\n", out);
    }
}

static void write_commands(FILE *out)
{
    fputs(".Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < commands_count; i++) {
        fputs(".It Cm", out);
        manual_write_word(out, commands[i].word);
        fputc('\n', out);
        manual_write_text(out, commands[i].text);
        if (commands[i].run == commands_run_admin)
            write_actions(out);
        if (commands[i].goes_by != NULL)
            write_goes_by(out, &commands[i]);
        fputs(".Pp\nExample:\n", out);
        manual_write_line(out, commands[i].example);
    }
    fputs(".El\n", out);
}

static void write_goes_by(FILE *out, const struct command *command)
{
    fputs(".Pp\nIt takes every option.\nOnly these make a difference:\n", out);
    for (size_t i = 0; command->goes_by[i] != NULL; i++) {
        fputs(".Sy", out);
        manual_write_word(out, command->goes_by[i]);
        fputs(command->goes_by[i + 1] == NULL ? " .\n" : " ,\n", out);
    }
}

static void write_actions(FILE *out)
{
    fputs(".Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < admin_actions_count; i++) {
        fputs(".It Cm", out);
        manual_write_word(out, admin_actions[i].word);
        fputs(admin_actions[i].takes_app ? " Ar APP_ID\n" : "\n", out);
        manual_write_text(out, admin_actions[i].help);
    }
    fputs(".El\n", out);
}

static void write_environment(FILE *out)
{
    fputs(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
          ".It Ev SLUICE_CONFIG\nThe file, where\n.Fl \\-config\nis not given.\n"
          ".It Ev SLUICE_NAME\nThe setting of this name, in capitals.\n"
          ".It Ev SLUICE_NAME_FILE\nA file whose first line is the setting's value: for "
          "secrets.\n"
          ".It Ev REDIS_HOST , REDIS_PORT\nWhere Redis is, without the setting\n.Sy redis_url .\n"
          ".El\n",
          out);
}

static void write_signals(FILE *out)
{
    fputs(".Sh SIGNALS\n.Bl -tag -width Ds\n"
          ".It Dv SIGTERM , SIGINT\nAnswer the requests under way, then end.\n"
          ".It Dv SIGHUP\nRead the settings, and the files that they name, again.\n.El\n",
          out);
}

static void write_exit_codes(FILE *out)
{
    fputs(".Sh EXIT STATUS\n.Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < exit_meanings_count; i++) {
        fprintf(out, ".It %d\n", exit_meanings[i].code);
        manual_write_text(out, exit_meanings[i].text);
    }
    fputs(".El\n", out);
}
