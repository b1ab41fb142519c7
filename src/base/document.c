/* SPDX-License-Identifier: MIT
 *
 * jansson's parser behind what it does not check itself, and a second reading for integers that 64
 * bits cannot hold. */
#include "base/document.h"

#define PARSE_FLAGS ((size_t)(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY))

/* Up to here a double holds every whole number exactly. */
#define EXACT_MAX 9007199254740992.0

static bool document_check(struct text text, struct error *error);
static bool is_blank(struct text text);
static const char *find_too_much(struct text text, const char **problem);
static bool refuse(struct text text, const char *at, const char *problem, struct error *error);
static json_t *parse_with_large_integers(struct text text, json_error_t *failure);
static json_t *with_integers(json_t *value);
static const char *failure_words(const json_error_t *failure);

json_t *document_parse(struct text text, struct error *error)
{
    if (!document_check(text, error))
        return NULL;

    json_error_t failure;
    json_t *value = json_loadb(text.at, text.length, PARSE_FLAGS, &failure);

    if (value == NULL && json_error_code(&failure) == json_error_numeric_overflow)
        value = parse_with_large_integers(text, &failure);
    if (value == NULL) {
        error_set(error, "line %d, column %d: %s", failure.line, failure.column,
                  failure_words(&failure));
    }
    return value;
}

static bool document_check(struct text text, struct error *error)
{
    if (is_blank(text))
        return error_set(error, "expected a JSON value, got nothing");

    /* Where jansson looks one byte ahead, after a number, it passes over a NUL. */
    const char *nul = memchr(text.at, '\0', text.length);

    if (nul != NULL)
        return refuse(text, nul, "NUL byte", error);

    const char *problem = NULL;
    const char *too_much = find_too_much(text, &problem);

    if (too_much != NULL)
        return refuse(text, too_much, problem, error);
    return true;
}

static bool is_blank(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
            return false;
    }
    return true;
}

/* Returns the bracket that opens one level too many, or what begins one value too many, or NULL.
 * Whether brackets match is for the parser to say. */
static const char *find_too_much(struct text text, const char **problem)
{
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
        if (depth <= DOCUMENT_DEPTH_MAX && values <= DOCUMENT_VALUES_MAX)
            continue;
        *problem = depth > DOCUMENT_DEPTH_MAX ? "too many arrays and objects inside each other"
                                              : "too many values";
        return text.at + i;
    }
    return NULL;
}

/* Counts as jansson does: lines from 1, characters up to and with the one at fault. */
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

/* jansson reads either all numbers as integers where they are, or none; so the ordinary ones are
 * changed back. */
static json_t *parse_with_large_integers(struct text text, json_error_t *failure)
{
    json_t *reals =
        json_loadb(text.at, text.length, PARSE_FLAGS | JSON_DECODE_INT_AS_REAL, failure);

    if (reals == NULL)
        return NULL;

    json_t *value = with_integers(reals);

    json_decref(reals);
    return value;
}

/* Returns a reference of the caller's own: to an integer, or to `value` with what it holds
 * changed. */
static json_t *with_integers(json_t *value)
{
    double real = json_real_value(value);

    if (json_is_real(value) && real >= -EXACT_MAX && real <= EXACT_MAX &&
        (double)(json_int_t)real == real)
        return json_integer((json_int_t)real);

    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_set_new(value, i, with_integers(json_array_get(value, i)));

    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at))
        json_object_iter_set_new(value, at, with_integers(json_object_iter_value(at)));

    return json_incref(value);
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
