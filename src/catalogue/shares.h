/* SPDX-License-Identifier: MIT
 *
 * How many places of a queue each app takes. Apps are told apart by a few bits of their random ids:
 * two may share, which only matters while both ask for very much. All zero at the start; any
 * thread. Private to catalogue.c. */
#ifndef CATALOGUE_SHARES_H
#define CATALOGUE_SHARES_H

#include <stdatomic.h>

#define SHARES_COUNT 256

struct shares {
    atomic_uint taken[SHARES_COUNT];
};

/* False when the app has `max` places already. */
MUST_USE bool shares_take(struct shares *shares, const char *app_id, unsigned max);
void shares_give(struct shares *shares, const char *app_id);

#endif
