-- Sliding window log: at most L in any stretch of W, exactly, since every charge is kept until it
-- leaves (now - W, now]. Twin: src/limit/sliding_window_log.c, which says more.
--
-- The log is a sorted set. A charge's score is its time, its member "<before>:<cost>": the sum of
-- all charges before it, in 16 digits, so that charges of one time are in order too.
--
-- Only the last charge and the oldest that counts are read for what is allowed: what lies between
-- them may be anything, so a denial does not depend on it.
local SUM_MAX = 9007199254740991 -- the largest run of integers that a double holds exactly

local function charge_member(before, cost)
    return string.format("%016.0f:%.0f", before, cost)
end

-- `found` is a member and its score. Nothing, when that is no charge that can have been written
-- here.
local function charge_of(found)
    local before, cost = string.match(found[1] or "", "^(%d+):(%d+)$")
    local at = tonumber(found[2])
    if not before or #before ~= 16 then
        return
    end
    before, cost = tonumber(before), tonumber(cost)
    if cost >= 1 and cost <= 10000 and before + cost <= SUM_MAX
        and at >= 0 and at <= 9007199254740991 and at % 1 == 0 then
        return { at = at, before = before, cost = cost }
    end
end

-- What was charged last; false when there is nothing, and nothing when it makes no sense. In case of
-- an error that is not of this key the call is made again, so that it fails.
local function charge_last(key)
    local found = redis.pcall("ZRANGE", key, "-1", "-1", "WITHSCORES")
    if not found.err then
        return found[1] ~= nil and charge_of(found)
    elseif not string.find(found.err, "WRONGTYPE", 1, true) then
        return redis.call("ZRANGE", key, "-1", "-1", "WITHSCORES")
    end
end

local function charge_after(key, at)
    local later = string.format("(%.0f", at)
    return charge_of(
        redis.call("ZRANGEBYSCORE", key, later, "+inf", "WITHSCORES", "LIMIT", "0", "1"))
end

-- The last charge before which less than `total` was charged; `oldest` is such a one. Charges are
-- of 1 at least, so the rank after it is at most as many further on as is lacking. Nothing, when a
-- charge on the way makes no sense.
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
        local rank = string.format("%.0f", middle)
        local charge = charge_of(redis.call("ZRANGE", key, rank, rank, "WITHSCORES"))
        if not charge then
            return
        elseif charge.before < total then
            low, last = middle, charge
        else
            high = middle
        end
    end
    return last
end

-- Moves to now_us what was charged later. Then another charge may be the last one.
local function charges_move(key, now_us, window_us)
    local now = string.format("%.0f", now_us)
    for _, member in ipairs(redis.call("ZRANGEBYSCORE", key, "(" .. now, "+inf")) do
        redis.call("ZADD", key, now, member)
    end
    redis.call("PEXPIRE", key, string.format("%d", math.ceil(window_us / 1000)))
end

-- Charges what was charged after `before` anew, from a sum of 0 on.
local function charges_restart(key, before)
    local found = redis.call("ZRANGE", key, "0", "-1", "WITHSCORES")
    redis.call("DEL", key)
    for i = 1, #found, 2 do
        local charge = charge_of({ found[i], found[i + 1] })
        if charge and charge.before >= before then
            redis.call("ZADD", key, found[i + 1], charge_member(charge.before - before, charge.cost))
        end
    end
end

-- The sum of all charges, what of it is used, when the last one was, and which one has to leave
-- before `cost` fits: none when it does, or when a charge on the way makes no sense. Nothing, when
-- the log makes none.
local function log_read(key, now_us, cost, quota, window_us)
    local newest = charge_last(key)
    if not newest then
        return newest == false and 0 or nil, 0, now_us
    end
    if newest.at > now_us then
        charges_move(key, now_us, window_us)
        newest = charge_last(key)
        if not newest then
            return
        end
    end
    local total = newest.before + newest.cost
    if newest.at <= now_us - window_us then
        return total, 0, newest.at
    end
    local oldest = charge_after(key, now_us - window_us)
    local used = oldest and total - oldest.before
    if not used or used < 1 or used > 10000 then
        return
    elseif used + cost <= quota or cost > quota then
        return total, used, newest.at
    end
    return total, used, newest.at, charge_before(key, oldest, total + cost - quota)
end

-- What comes in and goes out: take_one.lua. But its state is the log KEYS[at], what has come from the
-- future is moved at once, and instead of a new state it returns the function that adds the charge.
local function sliding_window_log(_, at, now_us, cost, quota, window_us)
    local key = KEYS[at]
    local total, used, last, leaves = log_read(key, now_us, cost, quota, window_us)
    local is_refused = not total
    if is_refused then
        total, used, last = 0, 0, now_us
    end
    local before = total - used
    local allowed = used + cost <= quota
    local retry = 0

    if allowed and cost > 0 then
        used, last = used + cost, now_us
    elseif cost > quota then
        retry = -1
    elseif not allowed then -- at the latest when all have left
        is_refused = not leaves
        retry = (leaves and leaves.at or last) + window_us - now_us
    end
    local left = math.max(quota - used, 0)
    local reset = used > 0 and last + window_us - now_us or 0
    local told = is_refused and -1 - reset or reset

    if not allowed or cost == 0 then
        return retry, left, told, 0
    end
    local function charge()
        if is_refused then
            redis.call("DEL", key)
        end
        redis.call("ZREMRANGEBYSCORE", key, "-inf", string.format("%.0f", now_us - window_us))
        if total + cost > SUM_MAX then
            charges_restart(key, before)
            total = total - before
        end
        redis.call("ZADD", key, string.format("%.0f", now_us), charge_member(total, cost))
        redis.call("PEXPIRE", key, string.format("%d", math.ceil(reset / 1000)))
    end
    return retry, left, told, 0, charge
end
