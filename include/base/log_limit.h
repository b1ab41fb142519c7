/* SPDX-License-Identifier: MIT
 *
 * Which lines of one kind are written, so that nobody can flood the log: of each subject (an app,
 * an address) the first few in a minute, and one at its end that says how many there were besides.
 * The clock is an argument. Any thread; waits for a short lock alone. */
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include "base/log.h"

/* Subjects that are told apart in a minute. Further ones share the lines of one, so that many
 * subjects do not hide who comes after them, and what they do besides is summed up as "others". */
#define LOG_LIMIT_SUBJECTS_MAX  64
#define LOG_LIMIT_SUBJECT_BYTES 64 /* with the NUL; a longer one is cut */

struct log_limit_kind {
    const char *event;    /* of the line with the number */
    const char *subject;  /* its field's name: "app_id" */
    unsigned lines_max;   /* of each subject in a minute */
    enum log_level level; /* of that line */
};

struct log_limit;

/* `kind` is borrowed as long as it lives. */
struct log_limit *log_limit_new(const struct log_limit_kind *kind);
/* Tells of what it has not told yet. */
void log_limit_free(struct log_limit *limit);

/* Whether the caller is to write its line about the subject. False: it has been counted. */
MUST_USE bool log_limit_admits(struct log_limit *limit, const char *subject, int64_t now_us);

/* Tells of the minute if it is over: to be called every few seconds. */
void log_limit_turn(struct log_limit *limit, int64_t now_us);

#endif
