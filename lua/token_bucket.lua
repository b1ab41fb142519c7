-- Token bucket: B tokens at most, full at the start, refilled by L per W. What is kept is the debt,
-- the tokens that are missing, in units of one token * 1 us / W: a token is W units, and L units
-- come back per microsecond. Twin: src/limit/token_bucket.c, which says more.
--
-- Returns the outcome and, only when it has charged `state`, for how long to keep that from now_us.
local function token_bucket(limit, state, now_us, cost)
    if limit.quota == 0 then -- never refilled, so nothing to take and nothing to wait for
        return { allowed = cost == 0, never = cost > 0, remaining = 0, reset_us = 0, retry_us = 0 }
    end

    local function duration_us(debt)
        return math.min(math.ceil(debt / limit.quota), 9007199254740991)
    end

    local last = state[2]
    local now = math.max(now_us, last)
    local paid = (now - last) * limit.quota
    local debt = math.max(state[1] - paid, 0)
    local never = cost > limit.burst
    local debt_allowed = (limit.burst - cost) * limit.window_us
    local allowed = not never and debt <= debt_allowed

    if allowed then
        debt = debt + cost * limit.window_us
    end
    local missing = math.ceil(debt / limit.window_us)
    local left = math.max(limit.burst - missing, 0)
    local reset = duration_us(debt)
    local retry = (allowed or never) and 0 or duration_us(debt - debt_allowed)

    local outcome =
        { allowed = allowed, never = never, remaining = left, reset_us = reset, retry_us = retry }
    if not allowed or cost == 0 then
        return outcome
    end
    state[1], state[2] = debt, now
    return outcome, reset + (now - now_us)
end
