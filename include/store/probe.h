/* SPDX-License-Identifier: MIT
 *
 * The operation that finds out whether a store decides. It charges a counter that no policy has, so
 * it writes. A look or a denial would not do: a Redis that accepts no writes answers them, too. */
#ifndef STORE_PROBE_H
#define STORE_PROBE_H

#include "redis/redis_slot.h"
#include "store/store.h"

/* Always allowed. The counter expires after a second. */
struct operation probe_operation(const struct digest *tag, int64_t now_us);

/* Finds a tag for each slot of a cluster. The first call takes some ten milliseconds, so call it
 * before the service answers anybody. Any thread. */
void probe_prepare(void);

/* The tag that has this slot. After probe_prepare(). Takes no time to speak of. */
struct digest probe_tag(uint16_t slot);

#endif
