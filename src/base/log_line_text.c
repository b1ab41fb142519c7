/* SPDX-License-Identifier: MIT */
#include "log_line.h"

#include "base/clock.h"
#include "base/writer.h"

static void begin(struct buffer *line, enum log_level level, const char *event);
static void add(struct buffer *line, const struct log_field *field);
static void add_value(struct buffer *line, struct text value);
static bool is_bare(struct text value);

const struct log_line_form log_line_text = {.begin = begin, .add = add, .end = "\n"};

static void begin(struct buffer *line, enum log_level level, const char *event)
{
    const char *date_end;
    char time[CLOCK_RFC3339_BYTES];

    clock_write_rfc3339(clock_wall_us(), time);
    date_end = strchr(time, 'T');
    buffer_printf(line, "%.*s %-5s %s", (int)strlen("00:00:00"), date_end + 1,
                  log_level_words[level], event);
}

static void add(struct buffer *line, const struct log_field *field)
{
    buffer_printf(line, "  %s=", field->name);
    switch (field->kind) {
    case LOG_FIELD_STRING:
        add_value(line, text_of(field->string));
        break;
    case LOG_FIELD_TEXT:
        add_value(line, field->text);
        break;
    case LOG_FIELD_INTEGER:
        buffer_add_integer(line, field->integer);
        break;
    }
}

static void add_value(struct buffer *line, struct text value)
{
    struct writer writer;

    if (is_bare(value)) {
        buffer_add(line, value);
        return;
    }
    writer_init(&writer, line);
    writer_for_display(&writer);
    writer_text(&writer, NULL, value);
}

/* Whether the text can stand without quotes: nothing in it ends a value, and it does not look like
 * an absent value. */
static bool is_bare(struct text value)
{
    size_t i = 0;

    while (i < value.length && value.at[i] > ' ' && value.at[i] < 0x7f &&
           strchr("\"\\=", value.at[i]) == NULL)
        i++;
    return value.length > 0 && i == value.length && !text_equal(value, TEXT("null"));
}
