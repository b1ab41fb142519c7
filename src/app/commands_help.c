/* SPDX-License-Identifier: MIT
 *
 * Prints the table of commands for people. */
#include "commands.h"

#include "app/admin.h"

static void print_actions(FILE *out);
static void print_options(FILE *out, const struct command *command);
static void print_exit_codes(FILE *out);

void commands_print_all(FILE *out)
{
    fputs("Sluice decides whether a caller may do something now.\n\n"
          "usage: sluice COMMAND [OPTION...]\n\n"
          "commands; `sluice help COMMAND` says more of each:\n",
          out);
    for (size_t i = 0; i < commands_count; i++)
        fprintf(out, "  %-14s %s\n", commands[i].word, commands[i].summary);
    print_exit_codes(out);
    fputs("\nto begin:\n  sluice serve\n", out);
}

void commands_print_one(FILE *out, const struct command *command)
{
    fprintf(out, "usage: sluice %s%s%s%s\n\n%s\n", command->word,
            command->operands[0] == '\0' ? "" : " ", command->operands,
            command->takes_options ? " [OPTION...]" : "", command->text);
    if (command->run == commands_run_admin)
        print_actions(out);
    if (command->takes_options)
        print_options(out, command);
    print_exit_codes(out);
    fprintf(out, "\nexample:\n  %s\n", command->example);
}

static void print_actions(FILE *out)
{
    fputs("\nactions:\n", out);
    for (size_t i = 0; i < admin_actions_count; i++)
        fprintf(out, "  %-11s %-6s %s\n", admin_actions[i].word,
                admin_actions[i].takes_app ? "APP_ID" : "", admin_actions[i].help);
}

static void print_options(FILE *out, const struct command *command)
{
    fputs("\noptions (they outrank the environment, which outranks the file; SLUICE_X_FILE names "
          "a file\nwhose first line is SLUICE_X):\n",
          out);
    settings_print_help(out, command->goes_by);
    if (command->goes_by != NULL)
        fputs("\nThe other options of serve are taken, too, and make no difference.\n", out);
}

static void print_exit_codes(FILE *out)
{
    fputs("\nexit status:\n", out);
    for (size_t i = 0; i < exit_meanings_count; i++)
        fprintf(out, "  %2d  %s\n", exit_meanings[i].code, exit_meanings[i].text);
}
