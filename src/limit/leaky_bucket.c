/* SPDX-License-Identifier: MIT
 *
 * Leaky bucket: a queue of at most B, drained by L per W. The length of the queue is what a token
 * bucket lacks, and to join the queue is to take tokens: the state and the test are the same. The
 * difference is that an allowed request has to wait until all that was in the queue before it has
 * drained. Twin: lua/leaky_bucket.lua. */
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

bool leaky_bucket_charge(const struct limit *limit, struct limit_state *state, int64_t now_us,
                         int64_t cost, struct limit_outcome *outcome)
{
    return token_bucket_charge(limit, state, now_us, cost, outcome);
}
