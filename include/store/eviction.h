/* SPDX-License-Identifier: MIT
 *
 * Which counters go when a counter_table is full. Part of the table: called by the thread that uses
 * it. */
#ifndef STORE_EVICTION_H
#define STORE_EVICTION_H

#include "store/counter_table.h"

/* It looks for an expired counter among EVICTION_SPREAD counters spread over the table. It looks
 * for the counter of a tenant that expires soonest among EVICTION_OWN of its own. Spared counters
 * come on top. */
#define EVICTION_SPREAD 16
#define EVICTION_OWN    8

/* One call drops at most so many. An operation makes one call for each limit, and one more. */
#define EVICTIONS_MAX 8

/* The most counters that are looked at to drop one. */
#define EVICTION_LOOKS_MAX (EVICTION_SPREAD + EVICTION_OWN + 2 * LIMITS_MAX)

/* Makes `room` for the tenant by dropping a few counters. If that is not enough, the rest is
 * owed. */
void eviction_make_room(struct counter_table *table, uint32_t tenant, uint32_t room,
                        const struct counter_use *use);

#endif
