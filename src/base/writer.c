/* SPDX-License-Identifier: MIT */
#include "base/writer.h"

static void writer_key(struct writer *writer, const char *key);
static void add_escaped(struct buffer *out, struct text text);
static size_t plain_bytes(struct text text);
static bool is_plain(char c);
static size_t add_special(struct buffer *out, struct text rest);
static void add_control(struct buffer *out, unsigned char c);

void writer_init(struct writer *writer, struct buffer *out)
{
    *writer = (struct writer){.out = out};
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
    add_escaped(writer->out, value);
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

/* All that stands between the value before and this one. */
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

/* In turn a run of plain bytes, copied whole, and a character that is not plain. */
static void add_escaped(struct buffer *out, struct text text)
{
    while (text.length > 0) {
        size_t bytes = plain_bytes(text);

        if (bytes > 0)
            buffer_add(out, (struct text){text.at, bytes});
        else
            bytes = add_special(out, text);
        text = (struct text){text.at + bytes, text.length - bytes};
    }
}

/* How many there are at the start of `text`. */
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

    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

/* Writes the first character of `rest` and returns how many bytes it took there. */
static size_t add_special(struct buffer *out, struct text rest)
{
    unsigned char first = (unsigned char)rest.at[0];

    if (first < 0x80) {
        add_control(out, first);
        return 1;
    }

    size_t bytes = text_utf8_bytes(rest);

    if (bytes == 0) {
        buffer_add(out, TEXT("\xef\xbf\xbd"));
        return 1;
    }
    buffer_add(out, (struct text){rest.at, bytes});
    return bytes;
}

/* RFC 8259 §7. */
static void add_control(struct buffer *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char shorts[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                  ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};

    buffer_add_char(out, '\\');
    if (shorts[c] != 0) {
        buffer_add_char(out, shorts[c]);
        return;
    }
    buffer_add(out, TEXT("u00"));
    buffer_add_char(out, digits[c >> 4]);
    buffer_add_char(out, digits[c & 15]);
}
