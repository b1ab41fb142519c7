/* SPDX-License-Identifier: MIT */
#include "metrics/exposition.h"

#include "base/duration.h"

static void begin_label(struct buffer *out);
static void close_labels(struct buffer *out);

void exposition_add_family(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void exposition_begin(struct buffer *out, const char *name, const char *suffix)
{
    buffer_add(out, text_of(name));
    buffer_add(out, text_of(suffix));
    buffer_add_char(out, '{');
}

void exposition_add_labels(struct buffer *out, const char *labels)
{
    if (labels[0] == '\0')
        return;
    begin_label(out);
    buffer_add(out, text_of(labels));
}

void exposition_add_label(struct buffer *out, const char *name, struct text value)
{
    begin_label(out);
    buffer_add(out, text_of(name));
    buffer_add(out, TEXT("=\""));
    for (size_t i = 0; i < value.length; i++) {
        switch (value.at[i]) {
        case '\\':
            buffer_add(out, TEXT("\\\\"));
            break;
        case '"':
            buffer_add(out, TEXT("\\\""));
            break;
        case '\n':
            buffer_add(out, TEXT("\\n"));
            break;
        default:
            buffer_add_char(out, value.at[i]);
        }
    }
    buffer_add_char(out, '"');
}

void exposition_end(struct buffer *out, uint64_t value)
{
    close_labels(out);
    buffer_printf(out, " %llu\n", (unsigned long long)value);
}

void exposition_end_seconds(struct buffer *out, uint64_t value_us)
{
    close_labels(out);
    buffer_printf(out, " %llu.%06u\n", (unsigned long long)(value_us / SECOND_US),
                  (unsigned)(value_us % SECOND_US));
}

/* The last byte written tells whether this is the first label. */
static void begin_label(struct buffer *out)
{
    if (out->at[out->length - 1] != '{')
        buffer_add_char(out, ',');
}

static void close_labels(struct buffer *out)
{
    if (out->at[out->length - 1] == '{')
        out->length--;
    else
        buffer_add_char(out, '}');
}
