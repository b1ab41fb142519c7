/* SPDX-License-Identifier: MIT
 *
 * The arguments after the command on the command line. */
#ifndef APP_ARGUMENTS_H
#define APP_ARGUMENTS_H

#include "app/settings.h"

/* Whether any of them asks for help: --help, -h. */
bool arguments_ask_help(int argc, char *argv[]);

/* Reads up to `words_max` words and --config into `source`. The other arguments go to `options`,
 * which must have room for all. `source` borrows both. */
MUST_USE bool arguments_read(struct settings_source *source, int words_max, const char *options[],
                             int argc, char *argv[], struct error *error);

#endif
