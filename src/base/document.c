/* SPDX-License-Identifier: MIT
 *
 * jansson's parser, with the checks that it does not make itself, and with integers instead of
 * reals where the text has an integer. */
#include "base/document.h"

#include "base/decimal.h"
#include "base/json_blank.h"

#define PARSE_FLAGS ((size_t)(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY))

/* What a text shows without a parser. */
struct survey {
    const char *too_much; /* where one level or one value too many begins; or NULL */
    const char *problem;  /* what is wrong there */
    bool has_reals;       /* a number with a point or an exponent */
};

static bool document_check(struct text text, bool *has_reals, struct error *error);
static bool is_blank(struct text text);
static struct survey survey_make(struct text text);
static bool begins_real(struct text text, size_t i);
static bool refuse(struct text text, const char *at, const char *problem, struct error *error);
static json_t *with_integers(json_t *value, struct text text);
static json_t *value_settle(json_t *value, struct text *rest);
static struct text number_cut(struct text *rest);
static bool is_of_number(char c);
static bool is_digit(char c);
static const char *failure_words(const json_error_t *failure);

json_t *document_parse(struct text text, struct error *error)
{
    bool has_reals = false;

    if (!document_check(text, &has_reals, error))
        return NULL;

    json_error_t failure;
    json_t *value = json_loadb(text.at, text.length, PARSE_FLAGS, &failure);

    if (value == NULL && json_error_code(&failure) == json_error_numeric_overflow) {
        has_reals = true;
        value = json_loadb(text.at, text.length, PARSE_FLAGS | JSON_DECODE_INT_AS_REAL, &failure);
    }
    if (value == NULL) {
        error_set(error, "line %d, column %d: %s", failure.line, failure.column,
                  failure_words(&failure));
        return NULL;
    }
    return has_reals ? with_integers(value, text) : value;
}

size_t document_values(const json_t *tree)
{
    size_t values = 1;
    size_t index;
    const char *key;
    json_t *value;

    json_array_foreach (tree, index, value)
        values += document_values(value);
    json_object_foreach ((json_t *)(uintptr_t)tree, key, value)
        values += document_values(value);
    return values;
}

static bool document_check(struct text text, bool *has_reals, struct error *error)
{
    if (is_blank(text))
        return error_set(error, "expected a JSON value, got nothing");

    /* After a number jansson reads one byte ahead, and ignores it if it is a NUL. */
    const char *nul = memchr(text.at, '\0', text.length);

    if (nul != NULL)
        return refuse(text, nul, "NUL byte", error);

    struct survey survey = survey_make(text);

    if (survey.too_much != NULL)
        return refuse(text, survey.too_much, survey.problem, error);
    *has_reals = survey.has_reals;
    return true;
}

static bool is_blank(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!json_is_blank(text.at[i]))
            return false;
    }
    return true;
}

/* Does not check whether brackets match, because the parser does. */
static struct survey survey_make(struct text text)
{
    struct survey survey = {0};
    bool in_string = false;
    int depth = 0;
    int values = 1;

    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (c == '\\') {
            i++; /* no string ends with an escaped quote */
            continue;
        }
        if (c == '"')
            in_string = !in_string;
        if (in_string)
            continue;
        bool opens = c == '[' || c == '{';
        depth += opens - (c == ']' || c == '}');
        values += opens || c == ',';
        survey.has_reals |= begins_real(text, i);
        if (depth <= DOCUMENT_DEPTH_MAX && values <= DOCUMENT_VALUES_MAX)
            continue;
        survey.too_much = text.at + i;
        survey.problem = depth > DOCUMENT_DEPTH_MAX
                             ? "too many arrays and objects inside each other"
                             : "too many values";
        break;
    }
    return survey;
}

/* The "e" of "true" follows no digit. */
static bool begins_real(struct text text, size_t i)
{
    char c = text.at[i];

    return c == '.' || c == 'E' || (c == 'e' && i > 0 && is_digit(text.at[i - 1]));
}

/* Counts like jansson: lines from 1, and characters including the wrong one. */
static bool refuse(struct text text, const char *at, const char *problem, struct error *error)
{
    int line = 1;
    int column = 1;

    for (const char *c = text.at; c < at; c++) {
        if (*c == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*c & 0xc0) != 0x80) {
            column++;
        }
    }
    return error_set(error, "line %d, column %d: %s", line, column, problem);
}

/* jansson has rounded its reals, so the digits of the text say which of them are integers. The
 * numbers of the text and of the tree have the same order. Consumes `value`. */
static json_t *with_integers(json_t *value, struct text text)
{
    struct text rest = text;
    json_t *settled = value_settle(value, &rest);

    json_decref(value);
    return settled;
}

/* Returns a new reference, to an integer or to `value` with its contents changed. */
static json_t *value_settle(json_t *value, struct text *rest)
{
    int64_t integer;

    if (json_is_number(value) && decimal_parse_integer(number_cut(rest), &integer))
        return json_integer(integer);

    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_set_new(value, i, value_settle(json_array_get(value, i), rest));

    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at))
        json_object_iter_set_new(value, at, value_settle(json_object_iter_value(at), rest));

    return json_incref(value);
}

/* Takes the next number off the rest of a text. The parser has accepted the text. */
static struct text number_cut(struct text *rest)
{
    bool in_string = false;
    size_t begin = 0;

    for (; begin < rest->length; begin++) {
        char c = rest->at[begin];
        if (c == '"')
            in_string = !in_string;
        begin += c == '\\';
        if (!in_string && (c == '-' || is_digit(c)))
            break;
    }
    ASSERT(begin < rest->length);

    size_t end = begin;

    while (end < rest->length && is_of_number(rest->at[end]))
        end++;
    struct text number = {rest->at + begin, end - begin};
    *rest = (struct text){rest->at + end, rest->length - end};
    return number;
}

static bool is_of_number(char c)
{
    return is_digit(c) || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* jansson's words, except where they speak of its own flags. */
static const char *failure_words(const json_error_t *failure)
{
    enum json_error_code code = json_error_code(failure);

    if (code == json_error_null_character || code == json_error_null_byte_in_key)
        return "NUL (\\u0000) in a string";
    if (code == json_error_numeric_overflow)
        return "number too large";
    return failure->text;
}
