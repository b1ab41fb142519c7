/* SPDX-License-Identifier: MIT
 *
 * An instance whose wall clock the test moves (tests/support/moved_clock.c). */
#ifndef SYSTEM_MOVED_INSTANCE_H
#define SYSTEM_MOVED_INSTANCE_H

#include "support/service.h"

#include <stdatomic.h>

struct moved_instance {
    struct service *service;
    _Atomic(int64_t) *behind_us;
};

/* As service_start(). Its clock is so far ahead of the real one: whole seconds, not negative. The
 * options must have no environment. */
struct moved_instance moved_instance_start(struct service_options options, int64_t ahead_us);

/* From now on it is so far ahead. */
void moved_instance_step(const struct moved_instance *instance, int64_t ahead_us);

/* As service_stop(). */
void moved_instance_stop(const struct moved_instance *instance);

#endif
