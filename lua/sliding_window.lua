-- Sliding window: at most L in the last W, as two counters tell it: what was used in the present
-- one of the windows that follow each other from time 0, and a share of what was used in the one
-- before, compared as a weight in units of one use * 1 us / W. Twin: src/limit/sliding_window.c,
-- which says more.
--
-- Returns the outcome and, only when it has charged `state`, for how long to keep that from now_us.
local function sliding_window(limit, state, now_us, cost)
    local now = math.max(now_us, state[1])
    local start = math.floor(now / limit.window_us) * limit.window_us
    local previous, current = 0, 0
    if start == state[1] then
        previous, current = state[2], state[3]
    elseif start == state[1] + limit.window_us then
        previous = state[3]
    end

    local rest = start + limit.window_us - now
    local weight = previous * rest
    local room = limit.quota - cost - current -- how much of `previous` may still count
    local never = cost > limit.quota
    local allowed = weight <= room * limit.window_us
    local retry = 0
    if allowed then
        current = current + cost
    elseif not never and room >= 0 then -- the weight falls by `previous` per microsecond
        retry = math.ceil((weight - room * limit.window_us) / previous)
    elseif not never then -- in the next window, in which `current` is what falls
        retry = rest + math.ceil(-room * limit.window_us / current)
    end
    local used = current + math.ceil(weight / limit.window_us)
    local left = math.max(limit.quota - used, 0)
    local reset = current > 0 and rest + limit.window_us or previous > 0 and rest or 0

    local outcome =
        { allowed = allowed, never = never, remaining = left, reset_us = reset, retry_us = retry }
    if not allowed or cost == 0 then
        return outcome
    end
    state[1], state[2], state[3] = start, previous, current
    return outcome, reset + (now - now_us)
end
