/* SPDX-License-Identifier: MIT
 *
 * One JSON object per line on standard error: {"time","level","event", ...fields}. Each line is one
 * write, so lines of different threads do not mix. Never log an API key, a token or a user's
 * identity.
 *
 * Nobody who logs waits for whoever reads standard error: between log_start() and log_end() one
 * thread writes, 128 KiB of lines may wait for it, and those beyond are dropped, counted and told
 * of in their place. Before and after, a line is written at once, or dropped when there is no room
 * for it within a second. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/text.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

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

/* Main thread, before others are started, and once it is in the sandbox that it shall be in. */
void log_start(void);

/* Waits until what has been logged is written, for a second at most. Any thread, several times;
 * does nothing without log_start(). */
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

/* The same at LOG_ERROR for the last line of a process: what was logged before it is written first,
 * as by log_end(), and then this one at once, whatever became of the others. */
void log_write_last(const char *event, const struct log_field fields[], size_t count);

/* Not in this form, and not counted: what whoever has typed a command is told of it, "\n" included.
 * At once, or not at all when there is no room for it within a second. Without log_start(). */
void log_complain(struct text line);

/* Lines logged so far, those included that were dropped; and the latter alone. Any thread. */
uint64_t log_lines(enum log_level level);
uint64_t log_lines_dropped(void);

/* Lines below `level` are left out. LOG_INFO at the start. Any thread. */
void log_set_level(enum log_level level);

/* "debug", "info", "warn", "error", NULL: for configuration, in the order of enum log_level. */
extern const char *const log_level_words[];

#endif
