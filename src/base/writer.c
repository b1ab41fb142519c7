/* SPDX-License-Identifier: MIT */
#include "base/writer.h"

#include "base/code_point.h"

static void writer_key(struct writer *writer, const char *key);
static void add_escaped(const struct writer *writer, struct text text);
static size_t plain_bytes(struct text text);
static bool is_plain(char c);
static size_t add_special(const struct writer *writer, struct text rest);
static void add_escape(struct buffer *out, uint32_t code_point);
static void add_unit(struct buffer *out, uint32_t unit);

void writer_init(struct writer *writer, struct buffer *out)
{
    *writer = (struct writer){.out = out};
}

void writer_for_display(struct writer *writer)
{
    writer->for_display = true;
}

void writer_begin_object(struct writer *writer, const char *key)
{
    writer_key(writer, key);
    buffer_add_char(writer->out, '{');
    writer->comma = false;
}

void writer_end_object(struct writer *writer)
{
    buffer_add_char(writer->out, '}');
    writer->comma = true;
}

void writer_begin_array(struct writer *writer, const char *key)
{
    writer_key(writer, key);
    buffer_add_char(writer->out, '[');
    writer->comma = false;
}

void writer_end_array(struct writer *writer)
{
    buffer_add_char(writer->out, ']');
    writer->comma = true;
}

void writer_text(struct writer *writer, const char *key, struct text value)
{
    if (text_is_absent(value)) {
        writer_null(writer, key);
        return;
    }
    writer_key(writer, key);
    buffer_add_char(writer->out, '"');
    add_escaped(writer, value);
    buffer_add_char(writer->out, '"');
}

void writer_string(struct writer *writer, const char *key, const char *value)
{
    writer_text(writer, key, text_of(value));
}

void writer_integer(struct writer *writer, const char *key, int64_t value)
{
    writer_key(writer, key);
    buffer_add_integer(writer->out, value);
}

void writer_bool(struct writer *writer, const char *key, bool value)
{
    writer_raw(writer, key, value ? TEXT("true") : TEXT("false"));
}

void writer_null(struct writer *writer, const char *key)
{
    writer_raw(writer, key, TEXT("null"));
}

void writer_raw(struct writer *writer, const char *key, struct text json)
{
    writer_key(writer, key);
    buffer_add(writer->out, json);
}

struct text writer_document(struct writer *writer)
{
    buffer_add_char(writer->out, '\n');
    return buffer_text(writer->out);
}

/* Writes everything between the last value and this one. */
static void writer_key(struct writer *writer, const char *key)
{
    if (writer->comma)
        buffer_add_char(writer->out, ',');
    writer->comma = true;
    if (key == NULL)
        return;

    const struct text name = text_of(key);
    char *at = buffer_extend(writer->out, name.length + 3);

    *at++ = '"';
    memcpy(at, name.at, name.length);
    at += name.length;
    *at++ = '"';
    *at = ':';
}

/* In turn copies a run of plain bytes as a whole, and escapes the character after it. */
static void add_escaped(const struct writer *writer, struct text text)
{
    while (text.length > 0) {
        size_t bytes = plain_bytes(text);

        if (bytes > 0)
            buffer_add(writer->out, (struct text){text.at, bytes});
        else
            bytes = add_special(writer, text);
        text = (struct text){text.at + bytes, text.length - bytes};
    }
}

/* The number of plain bytes at the start of `text`. */
static size_t plain_bytes(struct text text)
{
    size_t i = 0;

    while (i < text.length && is_plain(text.at[i]))
        i++;
    return i;
}

static bool is_plain(char c)
{
    unsigned char byte = (unsigned char)c;

    return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

/* Writes the first character of `rest`, and returns its length in `rest`. */
static size_t add_special(const struct writer *writer, struct text rest)
{
    const struct text character = {rest.at, text_utf8_bytes(rest)};

    if (character.length == 0) {
        buffer_add(writer->out, TEXT("\xef\xbf\xbd"));
        return 1;
    }

    const uint32_t code_point = code_point_of(character);

    if (code_point < 0x7f || (writer->for_display && code_point_is_hidden(code_point)))
        add_escape(writer->out, code_point);
    else
        buffer_add(writer->out, character);
    return character.length;
}

/* RFC 8259 §7. */
static void add_escape(struct buffer *out, uint32_t code_point)
{
    static const char shorts[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                  ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};

    if (code_point < ARRAY_COUNT(shorts) && shorts[code_point] != 0) {
        buffer_add_char(out, '\\');
        buffer_add_char(out, shorts[code_point]);
        return;
    }
    if (code_point < CODE_POINT_SUPPLEMENTARY) {
        add_unit(out, code_point);
        return;
    }
    const uint32_t rest = code_point - CODE_POINT_SUPPLEMENTARY;
    add_unit(out, 0xd800 + (rest >> 10));
    add_unit(out, 0xdc00 + (rest & 0x3ff));
}

static void add_unit(struct buffer *out, uint32_t unit)
{
    static const char digits[] = "0123456789abcdef";

    buffer_add(out, TEXT("\\u"));
    for (int shift = 12; shift >= 0; shift -= 4)
        buffer_add_char(out, digits[unit >> shift & 15]);
}
