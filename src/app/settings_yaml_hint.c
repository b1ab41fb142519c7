/* SPDX-License-Identifier: MIT */
#include "settings_yaml.h"

static char character_at(const yaml_mark_t *mark, struct text text);
static bool is_about(const char *part, const char *whole);

const char *settings_yaml_hint(const yaml_parser_t *parser, struct text text)
{
    /* By what libyaml says; the first row that fits counts. */
    static const struct {
        const char *problem;
        const char *context; /* NULL: any */
        char character;      /* where it stopped; '\0': any */
        const char *hint;
    } rows[] = {
        {"did not find expected alphabetic", "alias", '\0', SETTINGS_YAML_ALIAS},
        {"cannot start any token", NULL, '\t',
         "a tab is here; YAML takes spaces alone at the beginning of a line"},
        {"cannot start any token", NULL, '\0',
         "a value that begins with this character must be in quotes"},
        {"tab character", NULL, '\0',
         "a tab is here; YAML takes spaces alone at the beginning of "
         "a line"},
        {"mapping values are not allowed", NULL, '\0',
         "a second colon is here; a value with a colon and a space in it must be in quotes"},
        {"could not find expected ':'", NULL, '\0',
         "before this, a colon and a space are missing; " SETTINGS_YAML_NO_SPACE},
        {"unexpected end of stream", "quoted scalar", '\0',
         "the text before this begins with a quote and does not end with one"},
        {"did not find expected key", "block mapping", '\0',
         "this line does not begin in the same column as those that belong to it, or the value "
         "before it must be in quotes"},
        {"did not find expected '-' indicator", NULL, '\0',
         "each value of a list is a line of its own that begins with \"- \""},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (is_about(rows[i].problem, parser->problem) &&
            is_about(rows[i].context, parser->context) &&
            (rows[i].character == '\0' ||
             rows[i].character == character_at(&parser->problem_mark, text)))
            return rows[i].hint;
    }
    return NULL;
}

bool settings_yaml_lacks_space(struct text text)
{
    return memchr(text.at, ':', text.length) != NULL;
}

static char character_at(const yaml_mark_t *mark, struct text text)
{
    if (mark->index >= text.length)
        return '\0';
    return text.at[mark->index];
}

static bool is_about(const char *part, const char *whole)
{
    return part == NULL || (whole != NULL && strstr(whole, part) != NULL);
}
