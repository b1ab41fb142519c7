/* SPDX-License-Identifier: MIT */
#include "base/document_hint.h"

#include "base/json_blank.h"

#include <ctype.h>

static bool is_empty(struct text text);
static bool begins_with_mark(struct text text);
static bool is_utf16(struct text text);
static bool is_form_data(struct text text);
static bool has_single_quotes(struct text text);
static bool has_bare_names(struct text text);
static bool has_comment(struct text text);
static bool has_comma_before_end(struct text text);
static bool has_no_number(struct text text);
static bool is_no_object(struct text text);
static struct text trimmed(struct text text);
static bool contains(struct text text, const char *part);

/* The first row that fits is the hint. */
static const struct {
    bool (*applies)(struct text text);
    const char *hint;
} hints[] = {
    {is_empty, "The body is empty: send a JSON object."},
    {is_utf16, "The body is UTF-16; JSON is UTF-8."},
    {begins_with_mark, "The body begins with a byte order mark; leave it out."},
    {is_form_data, "The body looks like form data; send a JSON object, such as {\"name\":\"a\"}."},
    {has_single_quotes, "JSON has double quotes, not single ones."},
    {has_bare_names, "JSON has double quotes around names, too."},
    {has_comment, "JSON has no comments."},
    {has_comma_before_end, "JSON has no comma before } or ]."},
    {has_no_number, "JSON has no NaN, Infinity, None, True or undefined."},
    {is_no_object, "The body has to be a JSON object, such as {\"name\":\"a\"}."},
};

const char *document_hint(struct text text)
{
    for (size_t i = 0; i < ARRAY_COUNT(hints); i++) {
        if (hints[i].applies(text))
            return hints[i].hint;
    }
    return NULL;
}

static bool is_empty(struct text text)
{
    return trimmed(text).length == 0;
}

static bool begins_with_mark(struct text text)
{
    return text.length >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0;
}

static bool is_utf16(struct text text)
{
    if (text.length < 2)
        return false;
    return memcmp(text.at, "\xff\xfe", 2) == 0 || memcmp(text.at, "\xfe\xff", 2) == 0 ||
           text.at[0] == '\0' || text.at[1] == '\0';
}

static bool is_form_data(struct text text)
{
    const char first = trimmed(text).at[0];

    return first != '{' && first != '[' && first != '"' && contains(text, "=");
}

static bool has_single_quotes(struct text text)
{
    return contains(text, "{'") || contains(text, ":'") || contains(text, ": '") ||
           contains(text, "['");
}

static bool has_bare_names(struct text text)
{
    bool after_brace = false;

    for (size_t i = 0; i < text.length; i++) {
        const char c = text.at[i];

        if (after_brace && (isalpha((unsigned char)c) || c == '_'))
            return true;
        if (!json_is_blank(c))
            after_brace = c == '{';
    }
    return false;
}

static bool has_comment(struct text text)
{
    return contains(text, "/*") || contains(text, "// ") || contains(text, "\n//") ||
           contains(text, "\n#");
}

static bool has_comma_before_end(struct text text)
{
    bool after_comma = false;

    for (size_t i = 0; i < text.length; i++) {
        const char c = text.at[i];

        if (after_comma && (c == '}' || c == ']'))
            return true;
        if (!json_is_blank(c))
            after_comma = c == ',';
    }
    return false;
}

static bool has_no_number(struct text text)
{
    static const char *const words[] = {"NaN", "Infinity", "None", "True", "False", "undefined"};

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (contains(text, words[i]))
            return true;
    }
    return false;
}

static bool is_no_object(struct text text)
{
    return trimmed(text).at[0] != '{';
}

static struct text trimmed(struct text text)
{
    while (text.length > 0 && json_is_blank(text.at[0])) {
        text.at++;
        text.length--;
    }
    return text;
}

static bool contains(struct text text, const char *part)
{
    return memmem(text.at, text.length, part, strlen(part)) != NULL;
}
