/* SPDX-License-Identifier: MIT
 *
 * A usual line is built on the stack, so that logging one costs no allocation. */
#include "base/log.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/writer.h"

#include "log_spool.h"
#include "stderr_line.h"

#include <stdalign.h>
#include <stdatomic.h>

#define LINE_BYTES_MAX 1024
#define END_WAIT_US    SECOND_US

const char *const log_level_words[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error", NULL};

/* How a line leaves; false when it could not. */
typedef bool deliver_fn(struct text line);

static atomic_int level_lowest = LOG_INFO;
static _Atomic uint64_t lines_logged[LOG_ERROR + 1];

static void count_line(enum log_level level);
static bool deliver(struct text line);
static bool tell_dropped(uint64_t count);
static bool log_line(enum log_level level, const char *event, const struct log_field fields[],
                     size_t count, deliver_fn *out);
static void line_begin(struct writer *line, enum log_level level, const char *event);
static bool line_add(struct writer *line, const struct log_field *field);
static struct text line_end(struct writer *line);

void log_start(void)
{
    log_spool_start(tell_dropped);
}

void log_end(void)
{
    log_spool_end(END_WAIT_US);
}

void log_write_fields(enum log_level level, const char *event, const struct log_field fields[],
                      size_t count)
{
    if ((int)level < atomic_load_explicit(&level_lowest, memory_order_relaxed))
        return;
    count_line(level);
    if (!log_line(level, event, fields, count, deliver))
        log_spool_count_dropped();
}

void log_write_last(const char *event, const struct log_field fields[], size_t count)
{
    log_end();
    count_line(LOG_ERROR);
    if (!log_line(LOG_ERROR, event, fields, count, stderr_line_try))
        log_spool_count_dropped();
}

void log_complain(struct text line)
{
    const bool is_written = stderr_line_try(line);

    (void)is_written; /* the exit code says it, too */
}

uint64_t log_lines(enum log_level level)
{
    return atomic_load_explicit(&lines_logged[level], memory_order_relaxed);
}

uint64_t log_lines_dropped(void)
{
    return log_spool_dropped();
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_lowest, (int)level, memory_order_relaxed);
}

static void count_line(enum log_level level)
{
    atomic_fetch_add_explicit(&lines_logged[level], 1, memory_order_relaxed);
}

static bool deliver(struct text line)
{
    return log_spool_give(line) || stderr_line_try(line);
}

/* Not by way of the spool, where other lines may be before it; one that fails is tried again. */
static bool tell_dropped(uint64_t count)
{
    const struct log_field fields[] = {LOG_INTEGER("count", (int64_t)count)};

    if (!log_line(LOG_WARN, "log lines were dropped", fields, ARRAY_COUNT(fields),
                  stderr_line_write))
        return false;
    count_line(LOG_WARN);
    return true;
}

static bool log_line(enum log_level level, const char *event, const struct log_field fields[],
                     size_t count, deliver_fn *out)
{
    alignas(max_align_t) char storage[2 * LINE_BYTES_MAX];
    struct arena arena;
    struct buffer buffer;
    struct writer line;
    bool is_out;

    arena_init_storage(&arena, storage, sizeof(storage));
    buffer_init(&buffer, &arena, LINE_BYTES_MAX);
    writer_init(&line, &buffer);
    writer_for_display(&line);

    line_begin(&line, level, event);
    for (size_t i = 0; i < count; i++) {
        if (!line_add(&line, &fields[i]))
            break;
    }
    is_out = out(line_end(&line));
    arena_close(&arena);
    return is_out;
}

static void line_begin(struct writer *line, enum log_level level, const char *event)
{
    char time[CLOCK_RFC3339_BYTES];

    clock_write_rfc3339(clock_wall_us(), time);
    writer_begin_object(line, NULL);
    writer_string(line, "time", time);
    writer_string(line, "level", log_level_words[level]);
    writer_string(line, "event", event);
}

/* False, and the line as it was, when the field does not fit. */
static bool line_add(struct writer *line, const struct log_field *field)
{
    size_t before = line->out->length;

    if (field->name == NULL)
        return true;
    switch (field->kind) {
    case LOG_FIELD_STRING:
        writer_string(line, field->name, field->string);
        break;
    case LOG_FIELD_TEXT:
        writer_text(line, field->name, field->text);
        break;
    case LOG_FIELD_INTEGER:
        writer_integer(line, field->name, field->integer);
        break;
    }
    if (line->out->length + strlen("}\n") <= LINE_BYTES_MAX)
        return true;
    line->out->length = before;
    return false;
}

static struct text line_end(struct writer *line)
{
    writer_end_object(line);
    buffer_add_char(line->out, '\n');
    return buffer_text(line->out);
}
