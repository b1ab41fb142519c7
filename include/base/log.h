/* SPDX-License-Identifier: MIT
 *
 * One event per line on standard error: a JSON object {"time","level","event", ...fields}, or the
 * same as text for people. Each line is one write, so lines of different threads do not mix. Never
 * log an API key, a token or a user's identity.
 *
 * No thread that logs waits for the reader of standard error. Between log_start() and log_end() one
 * thread writes. Up to 128 KiB of lines wait for it; further ones are dropped and counted, and a
 * line in their place says so. Before and after, a line is written at once, or dropped when there
 * is no room for it within a second. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/text.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* AUTO is text where standard error is a terminal, JSON elsewhere. */
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_JSON, LOG_FORMAT_TEXT };

struct log_field {
    const char *name; /* NULL: no field */
    enum { LOG_FIELD_STRING, LOG_FIELD_TEXT, LOG_FIELD_INTEGER } kind;
    const char *string;
    struct text text;
    int64_t integer;
};

#define LOG_STRING(name_, value_)                                                                  \
    {                                                                                              \
        .name = (name_), .kind = LOG_FIELD_STRING, .string = (value_)                              \
    }
#define LOG_TEXT(name_, value_)                                                                    \
    {                                                                                              \
        .name = (name_), .kind = LOG_FIELD_TEXT, .text = (value_)                                  \
    }
#define LOG_INTEGER(name_, value_)                                                                 \
    {                                                                                              \
        .name = (name_), .kind = LOG_FIELD_INTEGER, .integer = (value_)                            \
    }
#define LOG_NONE                                                                                   \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Main thread, after it has entered its sandbox and before it starts others. */
void log_start(void);

/* Waits until all lines are written, for a second at most. Any thread, several times; does nothing
 * without log_start(). */
void log_end(void);

/*     log_write(LOG_WARN, "redis link lost", LOG_STRING("reason", r), LOG_INTEGER("wait_ms", 50));
 *     log_write(LOG_INFO, "drained", LOG_NONE);
 *
 * Names are snake_case. A line holds 1 KiB; the first field that does not fit and those after it
 * are left out. Any thread. */
#define log_write(level, event, ...)                                                               \
    log_write_fields((level), (event), (const struct log_field[]){__VA_ARGS__},                    \
                     ARRAY_COUNT(((const struct log_field[]){__VA_ARGS__})))

void log_write_fields(enum log_level level, const char *event, const struct log_field fields[],
                      size_t count);

/* The same at LOG_ERROR for the last line of a process: the earlier lines are written first, as by
 * log_end(), and then this one at once, even if the others could not be written. */
void log_write_last(const char *event, const struct log_field fields[], size_t count);

/* A text for the user of the command line, "\n" included: not JSON, and not counted. Written at
 * once, or not at all when there is no room for it within a second. Without log_start(). */
void log_complain(struct text line);

/* Lines logged so far, with those that were dropped; and the dropped ones alone. Any thread. */
uint64_t log_lines(enum log_level level);
uint64_t log_lines_dropped(void);

/* Lines below `level` are left out. LOG_INFO at the start. Any thread. */
void log_set_level(enum log_level level);

/* Whether a line of this level would be written: for who has to work something out for it. */
bool log_takes(enum log_level level);

/* LOG_FORMAT_JSON at the start. Looks at standard error as it is now. Any thread. */
void log_set_format(enum log_format format);

/* "debug", "info", "warn", "error", NULL: for configuration, in the order of enum log_level. */
extern const char *const log_level_words[];
/* "auto", "json", "text", NULL: in the order of enum log_format. */
extern const char *const log_format_words[];

#endif
