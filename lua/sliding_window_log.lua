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

-- What comes in and goes out: take_one.lua. But its state is the log KEYS[at], and instead of a new
-- one it returns the function that adds the charge.
local function sliding_window_log(_, at, now_us, cost, quota, window_us)
    local key = KEYS[at]
    local newest = charge_at(key, "-1")
    local total = newest and newest.before + newest.cost or 0
    local last = newest and newest.at or now_us
    local now = math.max(now_us, last)
    local oldest = charge_after(key, now - window_us)
    local used = oldest and total - oldest.before or 0
    local never = cost > quota
    local allowed = used + cost <= quota
    local retry = 0

    if allowed and cost > 0 then
        used, last = used + cost, now
    elseif never then
        retry = -1
    elseif not allowed then
        local leaves = charge_before(key, oldest, total + cost - quota)
        retry = leaves.at + window_us - now
    end
    local left = math.max(quota - used, 0)
    local reset = used > 0 and last + window_us - now or 0

    if not allowed or cost == 0 then
        return retry, left, reset, 0
    end
    local function charge()
        local member = string.format("%016.0f:%.0f", total, cost)
        redis.call("ZREMRANGEBYSCORE", key, "-inf", string.format("%.0f", now - window_us))
        redis.call("ZADD", key, string.format("%.0f", now), member)
        redis.call("PEXPIRE", key, string.format("%d", math.ceil((reset + (now - now_us)) / 1000)))
    end
    return retry, left, reset, 0, charge
end
