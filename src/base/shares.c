/* SPDX-License-Identifier: MIT */
#include "base/shares.h"

static void put(struct shares *shares, uint32_t tenant, uint32_t share, uint32_t added);

void shares_init(struct shares *shares, size_t places)
{
    *shares = (struct shares){.places = places};
    tenant_map_init(&shares->shares);
}

void shares_close(struct shares *shares)
{
    tenant_map_close(&shares->shares);
}

bool shares_take(struct shares *shares, uint32_t tenant, uint32_t count)
{
    const uint32_t share = tenant_map_get(&shares->shares, tenant);
    const size_t before_last = shares->taken + count - 1;

    if (shares->taken > 0 && before_last + share + count > shares->places)
        return false;
    put(shares, tenant, share + count, count);
    return true;
}

void shares_retake(struct shares *shares, uint32_t tenant, uint32_t count)
{
    put(shares, tenant, tenant_map_get(&shares->shares, tenant) + count, count);
}

void shares_give(struct shares *shares, uint32_t tenant, uint32_t count)
{
    const uint32_t share = tenant_map_get(&shares->shares, tenant);

    ASSERT(share >= count);
    shares->taken -= count;
    tenant_map_set(&shares->shares, tenant, share - count);
}

static void put(struct shares *shares, uint32_t tenant, uint32_t share, uint32_t added)
{
    shares->taken += added;
    tenant_map_set(&shares->shares, tenant, share);
}
