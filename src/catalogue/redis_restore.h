/* SPDX-License-Identifier: MIT
 *
 * Putting apps back into Redis. Private to catalogue_redis.c. */
#ifndef CATALOGUE_REDIS_RESTORE_H
#define CATALOGUE_REDIS_RESTORE_H

#include "catalogue/catalogue_backend.h"
#include "redis_call.h"

#define REDIS_RESTORE_MARK REDIS_CALL_PREFIX "restoring"

catalogue_restore_begin_fn redis_restore_begin;
catalogue_restore_end_fn redis_restore_end;
catalogue_app_restore_fn redis_restore_app;

#endif
