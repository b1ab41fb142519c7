/* SPDX-License-Identifier: MIT
 *
 * The table of commands for people. */
#include "commands.h"

#include "app/admin.h"

void commands_print_help(FILE *out)
{
    fputs("Sluice decides whether a caller may do something now.\n\n"
          "usage: sluice COMMAND [OPTION...]\n\ncommands:\n",
          out);
    for (size_t i = 0; i < commands_count; i++)
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
