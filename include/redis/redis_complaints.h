/* SPDX-License-Identifier: MIT
 *
 * Keeps the log readable while Redis fails: each cause gets one line per second. */
#ifndef REDIS_REDIS_COMPLAINTS_H
#define REDIS_REDIS_COMPLAINTS_H

#include <stdatomic.h>

#define REDIS_COMPLAINTS 16

/* A zeroed one is ready. */
struct redis_complaints {
    _Atomic(int64_t) silent_until_us[REDIS_COMPLAINTS]; /* by hash of the cause */
};

/* Whether to log `cause` now. Two causes may share a place; then one of them has to wait. Any
 * thread: if several come at once, one is allowed. */
MUST_USE bool redis_complaints_allow(struct redis_complaints *complaints, const char *cause,
                                     int64_t now_us);

#endif
