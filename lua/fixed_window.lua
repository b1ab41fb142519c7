-- Fixed window: at most L in [start, start + W). A window starts at the first charged request and
-- is never moved by a denial or a look. Twin: src/limit/fixed_window.c.
--
-- Returns the outcome and, only when it has charged `state`, for how long to keep that from now_us.
local function fixed_window(limit, state, now_us, cost)
    local start, used = state[1], state[2]
    local now = math.max(now_us, start)
    if used == 0 or now - start >= limit.window_us then
        start, used = now, 0
    end

    local allowed = used + cost <= limit.quota
    if allowed then
        used = used + cost
    end
    local left = math.max(limit.quota - used, 0)
    local reset = used > 0 and start + limit.window_us - now or 0
    local never = cost > limit.quota
    local retry = (allowed or never) and 0 or reset

    local outcome =
        { allowed = allowed, never = never, remaining = left, reset_us = reset, retry_us = retry }
    if not allowed or cost == 0 then
        return outcome
    end
    state[1], state[2] = start, used
    return outcome, reset + (now - now_us)
end
