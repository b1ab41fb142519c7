/* SPDX-License-Identifier: MIT
 *
 * The text format of Prometheus, version 0.0.4: families, each with its samples. */
#ifndef METRICS_EXPOSITION_H
#define METRICS_EXPOSITION_H

#include "base/buffer.h"

#define EXPOSITION_MEDIA_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* "counter", "gauge", "histogram". `help` is one of our own lines: no backslash, no line feed. */
void exposition_add_family(struct buffer *out, const char *name, const char *type,
                           const char *help);

/* A sample is written in parts: exposition_begin(), any number of labels, one value. `suffix` is
 * "_bucket" or the like, or "". */
void exposition_begin(struct buffer *out, const char *name, const char *suffix);
/* Labels as they appear in the text, like `outcome="denied"`; "" for none. */
void exposition_add_labels(struct buffer *out, const char *labels);
/* `value` may be any text; it is escaped. */
void exposition_add_label(struct buffer *out, const char *name, struct text value);
void exposition_end(struct buffer *out, uint64_t value);
/* Microseconds, written as seconds. */
void exposition_end_seconds(struct buffer *out, uint64_t value_us);

#endif
