/* SPDX-License-Identifier: MIT
 *
 * Which apps have changed in Redis. Private to catalogue_redis.c. */
#ifndef CATALOGUE_REDIS_CHANGES_H
#define CATALOGUE_REDIS_CHANGES_H

#include "catalogue/catalogue_backend.h"

catalogue_changes_fn redis_changes;

#endif
