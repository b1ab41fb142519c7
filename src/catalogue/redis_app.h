/* SPDX-License-Identifier: MIT
 *
 * One app as Redis holds it. Private to catalogue_redis.c and what belongs to it. */
#ifndef CATALOGUE_REDIS_APP_H
#define CATALOGUE_REDIS_APP_H

#include "redis_call.h"

/* As catalogue_app_load_fn. */
enum catalogue_status redis_app_load(struct catalogue_redis *redis, const char *app_id,
                                     struct app **app, struct error *error);
/* As catalogue_app_revision_fn. */
enum catalogue_status redis_app_revision(struct catalogue_redis *redis, const char *app_id,
                                         int64_t *revision, struct error *error);

#endif
