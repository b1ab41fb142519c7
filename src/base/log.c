/* SPDX-License-Identifier: MIT
 *
 * A line of usual length is built on the stack, so it costs no allocation. */
#include "base/log.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/duration.h"

#include "log_line.h"
#include "log_spool.h"
#include "stderr_line.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <unistd.h>

#define LINE_BYTES_MAX 1024
#define END_WAIT_US    SECOND_US

const char *const log_level_words[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error", NULL};

const char *const log_format_words[] = {
    [LOG_FORMAT_AUTO] = "auto", [LOG_FORMAT_JSON] = "json", [LOG_FORMAT_TEXT] = "text", NULL};

/* Sends a line; false if it cannot. */
typedef bool deliver_fn(struct text line);

static atomic_int level_lowest = LOG_INFO;
static atomic_bool is_text;
static _Atomic uint64_t lines_logged[LOG_ERROR + 1];

static void count_line(enum log_level level);
static bool deliver(struct text line);
static bool tell_dropped(uint64_t count);
static bool log_line(enum log_level level, const char *event, const struct log_field fields[],
                     size_t count, deliver_fn *out);
static bool add_field(struct buffer *line, const struct log_line_form *form,
                      const struct log_field *field);

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
    if (!log_takes(level))
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

    (void)is_written; /* the exit code also shows a failure */
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

bool log_takes(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&level_lowest, memory_order_relaxed);
}

void log_set_format(enum log_format format)
{
    const bool shows =
        format == LOG_FORMAT_TEXT || (format == LOG_FORMAT_AUTO && isatty(STDERR_FILENO) == 1);

    atomic_store_explicit(&is_text, shows, memory_order_relaxed);
}

static void count_line(enum log_level level)
{
    atomic_fetch_add_explicit(&lines_logged[level], 1, memory_order_relaxed);
}

static bool deliver(struct text line)
{
    return log_spool_give(line) || stderr_line_try(line);
}

/* Does not use the spool, where other lines may come before it. If it fails, it is tried again. */
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
    struct buffer line;
    bool is_out;
    const struct log_line_form *form =
        atomic_load_explicit(&is_text, memory_order_relaxed) ? &log_line_text : &log_line_json;

    arena_init_storage(&arena, storage, sizeof(storage));
    buffer_init(&line, &arena, LINE_BYTES_MAX);
    form->begin(&line, level, event);
    for (size_t i = 0; i < count; i++) {
        if (!add_field(&line, form, &fields[i]))
            break;
    }
    buffer_add(&line, text_of(form->end));
    is_out = out(buffer_text(&line));
    arena_close(&arena);
    return is_out;
}

/* False if the field does not fit; then the line is unchanged. */
static bool add_field(struct buffer *line, const struct log_line_form *form,
                      const struct log_field *field)
{
    size_t before = line->length;

    if (field->name == NULL)
        return true;
    form->add(line, field);
    if (line->length + strlen(form->end) <= LINE_BYTES_MAX)
        return true;
    line->length = before;
    return false;
}
