/* SPDX-License-Identifier: MIT
 *
 * How one line of the log is written. No text in a field can end the field or the line, or control
 * the terminal that shows it. */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include "base/buffer.h"
#include "base/log.h"

struct log_line_form {
    void (*begin)(struct buffer *line, enum log_level level, const char *event);
    void (*add)(struct buffer *line, const struct log_field *field);
    const char *end;
};

/* {"time":"2026-11-21T14:12:15.042Z","level":"warn","event":"redis link lost","wait_ms":50} */
extern const struct log_line_form log_line_json;

/* 14:12:15 warn  redis link lost  reason=refused  wait_ms=50
 *
 * The time is UTC. A value is a JSON string, or the bare text if that has no spaces and looks like
 * nothing else. */
extern const struct log_line_form log_line_text;

#endif
