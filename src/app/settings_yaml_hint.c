/* SPDX-License-Identifier: MIT */
#include "settings_yaml.h"

#define TAB "a tab is here; YAML takes spaces alone at the beginning of a line"
#define FLOW(begin, end)                                                                           \
    "the " begin " here has no " end "; write one, or put a value that begins with " begin " in "  \
    "quotes"

static size_t line_begin(const yaml_mark_t *mark, struct text text);
static size_t indent_at(size_t begin, struct text text);
static bool is_empty(size_t rest, struct text text);
static bool has_no_colon_before(const yaml_parser_t *parser, struct text text);
static bool is_indented_further(const yaml_parser_t *parser, struct text text);
static bool is_behind_a_value(const yaml_parser_t *parser, struct text text);
static bool is_tab(const yaml_parser_t *parser, struct text text);
static bool is_about(const char *part, const char *whole);

/* Hints for the messages of libyaml. The first row that fits counts. */
static const struct {
    const char *problem;
    const char *context;                                         /* NULL: any */
    bool (*fits)(const yaml_parser_t *parser, struct text text); /* NULL: always */
    enum { AT_PROBLEM, AT_CONTEXT } at;                          /* where the mistake is */
    const char *hint;
} rows[] = {
    {"did not find expected alphabetic", "alias", NULL, AT_PROBLEM, SETTINGS_YAML_ALIAS},
    {"cannot start any token", NULL, is_tab, AT_PROBLEM, TAB},
    {"cannot start any token", NULL, NULL, AT_PROBLEM,
     "a value that begins with this character must be in quotes"},
    {"tab character", NULL, NULL, AT_PROBLEM, TAB},
    {"mapping values are not allowed", NULL, is_indented_further, AT_PROBLEM,
     "this line is indented further than the one before, so it goes on with the value there; "
     "begin it in the same column"},
    {"mapping values are not allowed", NULL, has_no_colon_before, AT_PROBLEM,
     "a line before this one has no colon and space; " SETTINGS_YAML_NO_SPACE},
    {"mapping values are not allowed", NULL, NULL, AT_PROBLEM,
     "a second colon is here; a value with a colon and a space in it must be in quotes"},
    {"could not find expected ':'", NULL, NULL, AT_CONTEXT, SETTINGS_YAML_NO_SPACE},
    {"unexpected end of stream", "quoted scalar", NULL, AT_CONTEXT,
     "a quote begins here, and nothing ends it"},
    {"did not find expected key", "block mapping", is_behind_a_value, AT_PROBLEM,
     "the value ends before this; put all of it in single quotes, and write a single "
     "quote in it twice, as in 'it''s here'"},
    {"did not find expected key", "block mapping", NULL, AT_PROBLEM,
     "this line does not begin in the same column as those that belong to it"},
    {"did not find expected '-' indicator", NULL, NULL, AT_PROBLEM,
     "begin this line in the column of the name above it, or with \"- \" for one more value of "
     "the list"},
    {"block sequence entries are not allowed", NULL, NULL, AT_PROBLEM,
     "a list does not begin on the line of its name; each of its values is a line that begins "
     "with \"- \""},
    {"did not find expected ',' or ']'", NULL, NULL, AT_CONTEXT, FLOW("[", "]")},
    {"did not find expected ',' or '}'", NULL, NULL, AT_CONTEXT, FLOW("{", "}")},
    {"did not find expected node content", "flow", NULL, AT_CONTEXT,
     "a value that begins with this character must be in quotes, as in \"[::]:8080\""},
    {"did not find expected <document start>", NULL, NULL, AT_PROBLEM,
     "this does not go on with what is before it: a line there has no colon and space, or "
     "begins in another column; " SETTINGS_YAML_NO_SPACE},
};

const char *settings_yaml_hint(const yaml_parser_t *parser, struct text text,
                               const yaml_mark_t **place)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (is_about(rows[i].problem, parser->problem) &&
            is_about(rows[i].context, parser->context) &&
            (rows[i].fits == NULL || rows[i].fits(parser, text))) {
            if (rows[i].at == AT_CONTEXT)
                *place = &parser->context_mark;
            return rows[i].hint;
        }
    }
    return NULL;
}

bool settings_yaml_lacks_space(struct text text)
{
    return memchr(text.at, ':', text.length) != NULL;
}

/* Where the mark's line begins in the text. */
static size_t line_begin(const yaml_mark_t *mark, struct text text)
{
    size_t begin = 0;

    for (size_t line = 0; line < mark->line && begin < text.length; begin++)
        line += text.at[begin] == '\n';
    return begin;
}

static size_t indent_at(size_t begin, struct text text)
{
    size_t at = begin;

    while (at < text.length && text.at[at] == ' ')
        at++;
    return at - begin;
}

static bool is_empty(size_t rest, struct text text)
{
    return rest < text.length && text.at[rest] == '\n';
}

/* Whether the colon that stopped the parser is the first of its line. */
static bool has_no_colon_before(const yaml_parser_t *parser, struct text text)
{
    const yaml_mark_t *mark = &parser->problem_mark;
    const size_t begin = line_begin(mark, text);
    struct text before = {text.at + begin, text.length - begin};

    if (before.length > mark->column)
        before.length = mark->column;
    return memchr(before.at, ':', before.length) == NULL;
}

/* Whether the line is indented further than the last line before it that is not empty. */
static bool is_indented_further(const yaml_parser_t *parser, struct text text)
{
    yaml_mark_t before = parser->problem_mark;
    const size_t indent = indent_at(line_begin(&before, text), text);
    size_t begin;

    do {
        if (before.line == 0 || !has_no_colon_before(parser, text))
            return false;
        before.line--;
        begin = line_begin(&before, text);
    } while (is_empty(begin + indent_at(begin, text), text));
    return indent > indent_at(begin, text);
}

static bool is_behind_a_value(const yaml_parser_t *parser, struct text text)
{
    const yaml_mark_t *mark = &parser->problem_mark;

    return indent_at(line_begin(mark, text), text) < mark->column;
}

static bool is_tab(const yaml_parser_t *parser, struct text text)
{
    const size_t at = line_begin(&parser->problem_mark, text) + parser->problem_mark.column;

    return at < text.length && text.at[at] == '\t';
}

static bool is_about(const char *part, const char *whole)
{
    return part == NULL || (whole != NULL && strstr(whole, part) != NULL);
}
