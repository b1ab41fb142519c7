/* SPDX-License-Identifier: MIT
 *
 * Which lines of one kind are written, so that no client can flood the log. For each subject (an
 * app, an address) that is the first few in a minute, and a line at its end that says how many more
 * there were. The clock is an argument. Any thread; waits for nothing but a short lock. */
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include "base/log.h"

/* Subjects that are told apart in a minute. Further ones share the lines of one subject, so that
 * many subjects do not hide those after them; the rest of their lines is summed up as "others". */
#define LOG_LIMIT_SUBJECTS_MAX  64
#define LOG_LIMIT_SUBJECT_BYTES 64 /* with the NUL; a longer one is cut */

struct log_limit_kind {
    const char *event;    /* of the line with the number */
    const char *subject;  /* its field's name: "app_id" */
    unsigned lines_max;   /* of each subject in a minute */
    enum log_level level; /* of that line */
};

struct log_limit;

/* `kind` is borrowed until log_limit_close(). */
struct log_limit *log_limit_new(const struct log_limit_kind *kind);
/* Logs the counts that it has not logged yet. */
void log_limit_free(struct log_limit *limit);

/* Whether the caller is to write its line about the subject. False: it has been counted. */
MUST_USE bool log_limit_admits(struct log_limit *limit, const char *subject, int64_t now_us);

/* Logs the counts of a minute that is over. Call it every few seconds. */
void log_limit_turn(struct log_limit *limit, int64_t now_us);

#endif
