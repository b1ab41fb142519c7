/* SPDX-License-Identifier: MIT
 *
 * `rest` is the text not read yet. At its end the next byte counts as a NUL, which JSON never has.
 * So each step fails there without a test for the end. */
#include "base/members.h"

#include "base/json_blank.h"

static bool read_member(struct text *rest, struct members *members);
static bool read_text(struct text *rest, struct text *out);
static bool read_value(struct text *rest, struct value *value);
static bool read_word(struct text *rest, struct value *value);
static bool read_integer(struct text *rest, struct value *value);
static bool is_ordinary(char c);
static bool is_digit(char c);
static bool pass(struct text *rest, char expected);
static void pass_blanks(struct text *rest);
static char next_of(struct text rest);
static struct text take(struct text *rest, size_t bytes);

static const struct {
    struct text word;
    struct value value;
} words[] = {
    {{"true", 4}, {.kind = VALUE_BOOL, .truth = true}},
    {{"false", 5}, {.kind = VALUE_BOOL, .truth = false}},
    {{"null", 4}, {.kind = VALUE_NULL}},
};

bool members_parse(struct members *members, struct text json)
{
    struct text rest = json;

    members->count = 0;
    if (!pass(&rest, '{'))
        return false;
    if (!pass(&rest, '}')) {
        do {
            if (!read_member(&rest, members))
                return false;
        } while (pass(&rest, ','));
        if (!pass(&rest, '}'))
            return false;
    }
    pass_blanks(&rest);
    return rest.length == 0;
}

struct member *members_find(struct members *members, struct text name)
{
    for (size_t i = 0; i < members->count; i++) {
        if (text_equal(members->at[i].name, name))
            return &members->at[i];
    }
    return NULL;
}

static bool read_member(struct text *rest, struct members *members)
{
    struct member member = {0};

    pass_blanks(rest);
    if (members->count == MEMBERS_MAX || !read_text(rest, &member.name) ||
        members_find(members, member.name) != NULL || !pass(rest, ':'))
        return false;
    pass_blanks(rest);
    if (!read_value(rest, &member.value))
        return false;
    members->at[members->count++] = member;
    return true;
}

static bool read_text(struct text *rest, struct text *out)
{
    size_t end = 1;

    if (next_of(*rest) != '"')
        return false;
    while (end < rest->length && is_ordinary(rest->at[end]))
        end++;
    if (end == rest->length || rest->at[end] != '"')
        return false;
    *out = (struct text){rest->at + 1, end - 1};
    take(rest, end + 1);
    return true;
}

static bool read_value(struct text *rest, struct value *value)
{
    switch (next_of(*rest)) {
    case '"':
        value->kind = VALUE_TEXT;
        return read_text(rest, &value->text);
    case 't':
    case 'f':
    case 'n':
        return read_word(rest, value);
    default:
        return read_integer(rest, value);
    }
}

static bool read_word(struct text *rest, struct value *value)
{
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (text_starts_with(*rest, words[i].word)) {
            take(rest, words[i].word.length);
            *value = words[i].value;
            return true;
        }
    }
    return false;
}

/* Does not read a fraction or an exponent. Then neither a comma nor a brace follows, and the body
 * counts as not plain. */
static bool read_integer(struct text *rest, struct value *value)
{
    size_t first = next_of(*rest) == '-' ? 1 : 0;
    size_t end = first;

    while (end < rest->length && is_digit(rest->at[end]))
        end++;
    if (end > first + 1 && rest->at[first] == '0')
        return false;
    value->kind = VALUE_INTEGER;
    return text_parse_integer(take(rest, end), &value->integer);
}

static bool is_ordinary(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Passes the character and the blanks before it. */
static bool pass(struct text *rest, char expected)
{
    pass_blanks(rest);
    if (next_of(*rest) != expected)
        return false;
    take(rest, 1);
    return true;
}

static void pass_blanks(struct text *rest)
{
    while (json_is_blank(next_of(*rest)))
        take(rest, 1);
}

static char next_of(struct text rest)
{
    if (rest.length == 0)
        return '\0';
    return rest.at[0];
}

static struct text take(struct text *rest, size_t bytes)
{
    struct text taken = {rest->at, bytes};

    rest->at += bytes;
    rest->length -= bytes;
    return taken;
}
