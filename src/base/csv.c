/* SPDX-License-Identifier: MIT */
#include "base/csv.h"

static void begin_field(struct csv *csv);
static bool begins_formula(struct text text, size_t place);
static bool separates(char c);
static bool is_plain(struct text text);

void csv_init(struct csv *csv, struct buffer *out)
{
    *csv = (struct csv){.out = out};
}

void csv_text(struct csv *csv, struct text text)
{
    const bool is_quoted = !is_plain(text);

    begin_field(csv);
    if (is_quoted)
        buffer_add_char(csv->out, '"');
    for (size_t i = 0; i < text.length; i++) {
        if (begins_formula(text, i))
            buffer_add_char(csv->out, '\'');
        if (text.at[i] == '"')
            buffer_add_char(csv->out, '"');
        buffer_add_char(csv->out, text.at[i]);
    }
    if (is_quoted)
        buffer_add_char(csv->out, '"');
}

void csv_integer(struct csv *csv, int64_t value)
{
    begin_field(csv);
    buffer_add_integer(csv->out, value);
}

void csv_skip(struct csv *csv, size_t count)
{
    for (size_t i = 0; i < count; i++)
        begin_field(csv);
}

void csv_end_row(struct csv *csv)
{
    buffer_add(csv->out, TEXT("\r\n"));
    csv->comma = false;
}

static void begin_field(struct csv *csv)
{
    if (csv->comma)
        buffer_add_char(csv->out, ',');
    csv->comma = true;
}

/* A reader with another separator takes no notice of our quotes. So to it what follows its
 * separator or the end of a line is a field of its own, and a quote there hides what follows. */
static bool begins_formula(struct text text, size_t place)
{
    const char c = text.at[place];

    if (place == 0)
        return (unsigned char)c < ' ' || memchr("=+-@'", c, 5) != NULL;
    return separates(text.at[place - 1]) && !separates(c) &&
           ((unsigned char)c < ' ' || memchr("=+-@'\"", c, 6) != NULL);
}

static bool separates(char c)
{
    return memchr(";\t\r\n", c, 4) != NULL;
}

/* Spaces at an end would get lost in some readers, and a semicolon separates fields in some. */
static bool is_plain(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        const unsigned char c = (unsigned char)text.at[i];

        if (c <= ' ' || c == '"' || c == ',' || c == ';' || c == 0x7f)
            return false;
    }
    return true;
}
