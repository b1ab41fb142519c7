/* SPDX-License-Identifier: MIT
 *
 * Which log entries a query asks for. */
#ifndef API_LOG_FILTER_H
#define API_LOG_FILTER_H

#include "base/form.h"
#include "journal/record.h"

struct arena;

/* Reads allowed, charge, route_key, role and the subjects. False when a subject is wrong. What is
 * read is borrowed from the form, or lies in `arena`. */
MUST_USE bool log_filter_read(struct form *form, struct arena *arena, struct record_filter *filter);

#endif
