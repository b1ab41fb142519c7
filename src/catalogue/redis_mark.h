/* SPDX-License-Identifier: MIT
 *
 * Pepper and identity in Redis. Private to catalogue_redis.c. */
#ifndef CATALOGUE_REDIS_MARK_H
#define CATALOGUE_REDIS_MARK_H

#include "catalogue/catalogue_backend.h"

catalogue_mark_read_fn redis_mark_read;
catalogue_mark_claim_fn redis_mark_claim;

#endif
