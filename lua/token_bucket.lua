-- Token bucket: B tokens at most, full at the start, refilled by L per W. What is kept is the debt,
-- the tokens that are missing, in units of one token * 1 us / W: a token is W units, and L units
-- come back per microsecond. Twin: src/limit/token_bucket.c, which says more.
--
-- What comes in and goes out: take_one.lua.
local function token_bucket(states, at, now_us, cost, quota, window_us, burst)
    if quota == 0 then -- never refilled, so nothing to take and nothing to wait for
        return cost > 0 and -1 or 0, 0, 0, 0
    end

    local function duration_us(debt)
        return math.min(math.ceil(debt / quota), 9007199254740991)
    end

    local debt, last = struct.unpack("<dd", states, at)
    local now = math.max(now_us, last)
    local paid = (now - last) * quota
    debt = math.max(debt - paid, 0)
    local never = cost > burst
    local debt_allowed = (burst - cost) * window_us
    local allowed = not never and debt <= debt_allowed

    if allowed then
        debt = debt + cost * window_us
    end
    local missing = math.ceil(debt / window_us)
    local left = math.max(burst - missing, 0)
    local reset = duration_us(debt)
    local retry = allowed and 0 or never and -1 or duration_us(debt - debt_allowed)

    if not allowed or cost == 0 then
        return retry, left, reset, 0
    end
    return retry, left, reset, 0, struct.pack("<dd", debt, now), reset + (now - now_us)
end
