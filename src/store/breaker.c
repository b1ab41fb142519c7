/* SPDX-License-Identifier: MIT */
#include "store/breaker.h"

#include <sodium.h>

bool breaker_is_open(const struct breaker *breaker)
{
    return breaker->failures_in_row >= BREAKER_FAILURES;
}

bool breaker_would_allow(const struct breaker *breaker, int64_t now_us)
{
    return !breaker_is_open(breaker) || (!breaker->probing && now_us >= breaker->probe_at_us);
}

bool breaker_allows(struct breaker *breaker, int64_t now_us)
{
    if (!breaker_would_allow(breaker, now_us))
        return false;
    breaker->probing = breaker_is_open(breaker);
    return true;
}

void breaker_succeeded(struct breaker *breaker)
{
    *breaker = (struct breaker){0};
}

/* Also told of calls that went out before it opened: each puts the next probe off, none of them can
 * leave `probing` set for ever. */
void breaker_failed(struct breaker *breaker, int64_t now_us)
{
    const uint32_t spread_us = (uint32_t)(BREAKER_WAIT_MAX_US - BREAKER_WAIT_MIN_US + 1);

    if (!breaker_is_open(breaker))
        breaker->failures_in_row++;
    breaker->probing = false;
    breaker->probe_at_us = now_us + BREAKER_WAIT_MIN_US + randombytes_uniform(spread_us);
}
