/* SPDX-License-Identifier: MIT
 *
 * Guesses what a mistake in YAML is. Private to settings_yaml.c and settings_yaml_hint.c. */
#ifndef APP_SETTINGS_YAML_H
#define APP_SETTINGS_YAML_H

#include "base/text.h"

#include <yaml.h>

/* Says in plain words what is wrong and what to write; NULL: the parser's own words must do. `text`
 * is what was parsed. `*place` is where the parser stopped, and becomes the place of the
 * mistake. */
const char *settings_yaml_hint(const yaml_parser_t *parser, struct text text,
                               const yaml_mark_t **place);

/* Whether the document is only one text because a space is missing after the colon. */
bool settings_yaml_lacks_space(struct text text);

#define SETTINGS_YAML_ALIAS                                                                        \
    "an unquoted * begins an alias, which is not supported; write the value in quotes, as in "     \
    "\"*\""
#define SETTINGS_YAML_NO_SPACE                                                                     \
    "a setting is its name, a colon, a space and a value, as in \"workers: 2\""

#endif
