/* SPDX-License-Identifier: MIT
 *
 * Which counters go when a counter_table is full. Part of the table: the thread that is in it. */
#ifndef STORE_EVICTION_H
#define STORE_EVICTION_H

#include "store/counter_table.h"

/* One that has expired is looked for among so many spread over the table, and the one of a tenant
 * that expires soonest among so many of its own, besides those that are spared. */
#define EVICTION_SPREAD 16
#define EVICTION_OWN    8

/* Dropped at most by one call. A take makes one for each limit and one more. */
#define EVICTIONS_MAX 8

/* Counters looked at for one that goes. */
#define EVICTION_LOOKS_MAX (EVICTION_SPREAD + EVICTION_OWN + 2 * LIMITS_MAX)

/* Makes `room` for the tenant, as far as a few counters go. What is missing then is owed. */
void eviction_make_room(struct counter_table *table, uint32_t tenant, uint32_t room,
                        const struct counter_use *use);

#endif
