/* SPDX-License-Identifier: MIT */
#include "shares.h"

static atomic_uint *share_of(struct shares *shares, const char *app_id);

bool shares_take(struct shares *shares, const char *app_id, unsigned max)
{
    atomic_uint *taken = share_of(shares, app_id);

    if (atomic_fetch_add(taken, 1) < max)
        return true;
    atomic_fetch_sub(taken, 1);
    return false;
}

void shares_give(struct shares *shares, const char *app_id)
{
    ASSERT(atomic_fetch_sub(share_of(shares, app_id), 1) > 0);
}

static atomic_uint *share_of(struct shares *shares, const char *app_id)
{
    size_t length = strlen(app_id);
    unsigned hash = 0;

    for (size_t i = 0; i < length; i++)
        hash = hash * 31 + (unsigned char)app_id[i];
    return &shares->taken[hash % SHARES_COUNT];
}
