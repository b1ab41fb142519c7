-- Leaky bucket: a queue of B at most, drained by L per W: a token bucket whose debt is what waits
-- in the queue. Whoever is let in has to wait until that is drained which was there before. Twin:
-- src/limit/leaky_bucket.c. token_bucket() is further up in the composed script: the order is that
-- of the rows in include/limit/algorithms.h.
--
-- Returns the outcome and, only when it has charged `state`, for how long to keep that from now_us.
local function leaky_bucket(limit, state, now_us, cost)
    local before = token_bucket(limit, state, now_us, 0)
    local outcome, keep_us = token_bucket(limit, state, now_us, cost)
    if outcome.allowed and cost > 0 then
        outcome.delay_us = before.reset_us
    end
    return outcome, keep_us
end
