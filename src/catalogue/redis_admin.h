/* SPDX-License-Identifier: MIT
 *
 * What operators do to apps in Redis. Private to catalogue_redis.c. */
#ifndef CATALOGUE_REDIS_ADMIN_H
#define CATALOGUE_REDIS_ADMIN_H

#include "catalogue/catalogue_backend.h"

catalogue_app_remove_fn redis_admin_remove;
catalogue_app_suspend_fn redis_admin_suspend;
catalogue_app_rekey_fn redis_admin_rekey;

#endif
