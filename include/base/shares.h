/* SPDX-License-Identifier: MIT
 *
 * A bounded number of places that all tenants share, and who has how many of them.
 *
 * A tenant may take a place as long as what it would have then is no more than what was free: the
 * dynamic threshold by which switches divide their buffers (Choudhury and Hahne, "Dynamic queue
 * length thresholds for shared-memory packet switches", 1998). So one tenant alone gets half of the
 * places, n tenants that want all get 1/(n+1) each, and as much is free for the next one. Nobody
 * has to be told how many tenants there are. Many places at once are as many taken one after the
 * other, so large takers leave as much as small ones. When nothing is taken, anybody gets what he
 * asks for, even more than there is. Not locked: one thread at a time. */
#ifndef BASE_SHARES_H
#define BASE_SHARES_H

#include "base/tenant_map.h"

struct shares {
    size_t places;
    size_t taken;
    struct tenant_map shares; /* what each tenant has */
};

void shares_init(struct shares *shares, size_t places);
void shares_close(struct shares *shares);

/* False when that is more than the tenant's share. */
MUST_USE bool shares_take(struct shares *shares, uint32_t tenant, uint32_t count);

/* More, whatever the share: for what was given back a moment ago. */
void shares_retake(struct shares *shares, uint32_t tenant, uint32_t count);

/* Gives back some of what the tenant has taken. */
void shares_give(struct shares *shares, uint32_t tenant, uint32_t count);

#endif
