/* SPDX-License-Identifier: MIT
 *
 * A bounded number of places that all tenants share, and how many of them each has.
 *
 * A tenant may take a place if it then has no more than were free before: the dynamic threshold by
 * which switches divide their buffers (Choudhury and Hahne, "Dynamic queue length thresholds for
 * shared-memory packet switches", 1998). So one tenant alone gets half of the places, n tenants
 * that ask for all get 1/(n+1) each, and as much stays free for the next one. The number of tenants
 * need not be known. Many places taken at once count as if taken one after the other, so large
 * takers leave as much as small ones. When nothing is taken, a tenant gets what it asks for, even
 * more than there is. Not locked: one thread at a time. */
#ifndef BASE_SHARES_H
#define BASE_SHARES_H

#include "base/tenant_map.h"

struct shares {
    size_t places;
    size_t taken;
    struct tenant_map shares; /* how many each tenant has */
};

void shares_init(struct shares *shares, size_t places);
void shares_close(struct shares *shares);

/* False when that would be more than the tenant's share. */
MUST_USE bool shares_take(struct shares *shares, uint32_t tenant, uint32_t count);

/* Takes more, whatever the share: for places that were given back a moment ago. */
void shares_retake(struct shares *shares, uint32_t tenant, uint32_t count);

/* Gives back some of the tenant's places. */
void shares_give(struct shares *shares, uint32_t tenant, uint32_t count);

#endif
