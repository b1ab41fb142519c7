-- Leaky bucket: a queue of B at most, drained by L per W. It is a token bucket whose debt is the
-- length of the queue. A request that is let in waits until the queue before it is drained. Twin:
-- src/limit/leaky_bucket.c. token_bucket() is further up in the composed script: see compose.cmake.
--
-- What comes in and goes out: take_one.lua.
local function leaky_bucket(states, at, now_us, cost, quota, window_us, burst)
    local retry, left, told, delay, kept, keep_us, is_kept, owed =
        token_bucket(states, at, now_us, cost, quota, window_us, burst)
    if retry == 0 and cost > 0 then
        delay = math.min(math.ceil(owed / quota), keep_us)
    end
    return retry, left, told, delay, kept, keep_us, is_kept
end
