/* SPDX-License-Identifier: MIT
 *
 * Leaky bucket: a queue of B at most, drained by L per W. What waits in it is what a token bucket
 * lacks, and what is added to it is what is taken there: the same state and the same test. What
 * differs is that whoever is let in has to wait for its turn, until that is drained which was there
 * before. Twin: lua/leaky_bucket.lua. */
#include "limit/algorithm.h"

enum settled leaky_bucket_settle(const struct limit *limit, struct limit_state *state,
                                 int64_t now_us)
{
    return token_bucket_settle(limit, state, now_us);
}

double leaky_bucket_stamp(const struct limit_state *state)
{
    return token_bucket_stamp(state);
}

void leaky_bucket_decide(const struct limit *limit, struct limit_state *state, int64_t now_us,
                         int64_t cost, struct limit_outcome *outcome)
{
    struct limit_outcome before;

    token_bucket_decide(limit, state, now_us, 0, &before);
    token_bucket_decide(limit, state, now_us, cost, outcome);
    if (outcome->allowed && cost > 0)
        outcome->delay_us = before.reset_us;
}
