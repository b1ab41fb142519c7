/* SPDX-License-Identifier: MIT
 *
 * Apps in Redis that have registered and checked nothing. Private to catalogue_redis.c. */
#ifndef CATALOGUE_REDIS_UNUSED_H
#define CATALOGUE_REDIS_UNUSED_H

#include "catalogue/catalogue_backend.h"

catalogue_app_use_fn redis_unused_end;
catalogue_app_expire_fn redis_unused_expire;

#endif
