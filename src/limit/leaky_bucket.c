/* SPDX-License-Identifier: MIT
 *
 * Leaky bucket: a queue of B at most, drained by L per W. What waits in it is what a token bucket
 * lacks, and what is added to it is what is taken there: the same state and the same test. What
 * differs is that whoever is let in has to wait for its turn, until that is drained which was there
 * before. Twin: lua/leaky_bucket.lua. */
#include "limit/algorithm.h"

void leaky_bucket_decide(const struct limit *limit, struct limit_state *state, int64_t now_us,
                         int64_t cost, struct limit_outcome *outcome, int64_t *keep_us)
{
    struct limit_outcome before;

    token_bucket_decide(limit, state, now_us, 0, &before, keep_us);
    token_bucket_decide(limit, state, now_us, cost, outcome, keep_us);
    if (outcome->allowed && cost > 0)
        outcome->delay_us = before.reset_us;
}
