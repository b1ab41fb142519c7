/* SPDX-License-Identifier: MIT
 *
 * What a mistake in YAML most likely is. Private to settings_yaml.c and settings_yaml_hint.c. */
#ifndef APP_SETTINGS_YAML_H
#define APP_SETTINGS_YAML_H

#include "base/text.h"

#include <yaml.h>

/* In plain words, what the parser stumbled over and what to write; NULL when it can only be told in
 * the parser's own. `text` is what was parsed. `*place`, which is where the parser stopped, becomes
 * where the mistake is. */
const char *settings_yaml_hint(const yaml_parser_t *parser, struct text text,
                               const yaml_mark_t **place);

/* The same for a document that is but one text. */
bool settings_yaml_lacks_space(struct text text);

#define SETTINGS_YAML_ALIAS                                                                        \
    "an unquoted * begins an alias, which is not supported; write the value in quotes, as in "     \
    "\"*\""
#define SETTINGS_YAML_NO_SPACE                                                                     \
    "a setting is its name, a colon, a space and a value, as in \"workers: 2\""

#endif
