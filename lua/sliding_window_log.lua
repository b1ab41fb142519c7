-- Sliding window log: at most L in any stretch of W, exactly, since every charge is kept until it
-- leaves (now - W, now]. Twin: src/limit/sliding_window_log.c, which says more.
--
-- The log is a sorted set. A charge's score is its time, its member "<before>:<cost>": the sum of
-- all charges before it, in 16 digits, so that charges of one time are in order too.
local function charge_of(member, score)
    return {
        at = tonumber(score),
        before = tonumber(string.sub(member, 1, 16)),
        cost = tonumber(string.sub(member, 18)),
    }
end

local function charge_at(key, rank)
    local found = redis.call("ZRANGE", key, rank, rank, "WITHSCORES")
    return found[1] and charge_of(found[1], found[2])
end

local function charge_after(key, at)
    local later = string.format("(%.0f", at)
    local found =
        redis.call("ZRANGEBYSCORE", key, later, "+inf", "WITHSCORES", "LIMIT", "0", "1")
    return found[1] and charge_of(found[1], found[2])
end

-- The last charge before which less than `total` was charged; `oldest` is such a one. Charges are
-- of 1 at least, so the rank after it is at most as many further on as is lacking.
local function charge_before(key, oldest, total)
    local lacking = total - oldest.before
    if lacking == 1 then
        return oldest
    end
    local low = redis.call("ZCOUNT", key, "-inf", string.format("(%.0f", oldest.at))
    local high = math.min(low + lacking, redis.call("ZCARD", key))
    local last = oldest
    while high - low > 1 do
        local middle = math.floor((low + high) / 2)
        local charge = charge_at(key, string.format("%.0f", middle))
        if charge.before < total then
            low, last = middle, charge
        else
            high = middle
        end
    end
    return last
end

-- Returns the outcome and, only when it is to be charged, for how long to keep the log from now_us;
-- then state.charge is what to add.
local function sliding_window_log(limit, state, now_us, cost)
    local newest = charge_at(state.key, "-1")
    local total = newest and newest.before + newest.cost or 0
    local last = newest and newest.at or now_us
    local now = math.max(now_us, last)
    local oldest = charge_after(state.key, now - limit.window_us)
    local used = oldest and total - oldest.before or 0
    local never = cost > limit.quota
    local allowed = used + cost <= limit.quota
    local retry = 0

    if allowed and cost > 0 then
        used, last = used + cost, now
    elseif not allowed and not never then
        local leaves = charge_before(state.key, oldest, total + cost - limit.quota)
        retry = leaves.at + limit.window_us - now
    end
    local left = math.max(limit.quota - used, 0)
    local reset = used > 0 and last + limit.window_us - now or 0

    local outcome =
        { allowed = allowed, never = never, remaining = left, reset_us = reset, retry_us = retry }
    if not allowed or cost == 0 then
        return outcome
    end
    state.charge = { at = now, before = total, cost = cost }
    return outcome, reset + (now - now_us)
end

local function sliding_window_log_charge(limit, state, keep_ms)
    local charge = state.charge
    local over = string.format("%.0f", charge.at - limit.window_us)
    local member = string.format("%016.0f:%.0f", charge.before, charge.cost)
    redis.call("ZREMRANGEBYSCORE", state.key, "-inf", over)
    redis.call("ZADD", state.key, string.format("%.0f", charge.at), member)
    redis.call("PEXPIRE", state.key, keep_ms)
end
