/* SPDX-License-Identifier: MIT
 *
 * A span of time in a body or a query: "15m", "2h" or "7d". */
#ifndef API_SPAN_H
#define API_SPAN_H

#include "base/form.h"

/* Reads the optional member `name`, from 1m to `days_max` days. *minutes keeps what the caller put
 * there if it is absent, or if it is wrong, which is a fault. */
void span_read(struct form *form, const char *name, int64_t days_max, int64_t *minutes);

#endif
