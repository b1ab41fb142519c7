/* SPDX-License-Identifier: MIT */
#include "log_line.h"

#include "base/clock.h"
#include "base/writer.h"

static void begin(struct buffer *line, enum log_level level, const char *event);
static void add(struct buffer *line, const struct log_field *field);

const struct log_line_form log_line_json = {.begin = begin, .add = add, .end = "}\n"};

static void begin(struct buffer *line, enum log_level level, const char *event)
{
    char time[CLOCK_RFC3339_BYTES];
    struct writer writer;

    clock_write_rfc3339(clock_wall_us(), time);
    writer_init(&writer, line);
    writer_for_display(&writer);
    writer_begin_object(&writer, NULL);
    writer_string(&writer, "time", time);
    writer_string(&writer, "level", log_level_words[level]);
    writer_string(&writer, "event", event);
}

static void add(struct buffer *line, const struct log_field *field)
{
    struct writer writer;

    writer_init(&writer, line);
    writer_for_display(&writer);
    writer.comma = true;
    switch (field->kind) {
    case LOG_FIELD_STRING:
        writer_string(&writer, field->name, field->string);
        break;
    case LOG_FIELD_TEXT:
        writer_text(&writer, field->name, field->text);
        break;
    case LOG_FIELD_INTEGER:
        writer_integer(&writer, field->name, field->integer);
        break;
    }
}
