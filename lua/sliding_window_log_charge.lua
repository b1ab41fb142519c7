-- Charges a log. What goes past its limit becomes a part of the last charge, so that it gets no
-- longer. What is given back is what was charged last. Twin: sliding_window_log_charge() in
-- src/limit/sliding_window_log.c, and src/limit/charge_log.c.

-- Takes the charges after `newest` away, and leaves `used` in all. If more go than may be removed
-- at once, those that stay become one. Where only the oldest that counts stays, it is replaced,
-- because nothing would be left without it.
local function charges_give_back(key, newest, rank, first, used, left_us, older)
    local gone = newest.before > first and redis.call("ZCARD", key) - rank - 1
    if not gone or gone > LEAVE_MAX then
        log_replace(key, newest.at, first, used)
    else
        charges_leave(key, left_us, older)
        redis.call("ZREMRANGEBYRANK", key, string.format("%d", -1 - gone), "-1")
        redis.call("ZADD", key, string.format("%.0f", newest.at),
            charge_member(newest.before, first + used - newest.before))
    end
end

-- Adds to the last charge. At the end of all sums they become one.
local function charges_join(key, first, used, cost)
    local last = charge_last(key)
    if first + used > SUM_MAX then
        log_replace(key, last.at, 0, used)
    else
        redis.call("ZADD", key, string.format("%.0f", last.at),
            charge_member(last.before, last.cost + cost))
        redis.call("ZREM", key, last.member)
    end
end

-- Returns also whether the log gets no longer.
local function sliding_window_log_charge(_, at, now_us, cost, quota, window_us)
    local key = KEYS[at]
    local given = cost < 0 and -cost or SUM_MAX
    -- What a quota of `given` has no room for is what stays.
    local total, before, last, older, newest, rank = log_read(key, now_us, 0, given, window_us)
    local is_refused = not total or before > given and not newest
    local joins = cost > 0 and not is_refused and before > 0 and before >= quota
    if is_refused then
        before, last = 0, now_us
    end
    local used = math.max(0, math.min(before + cost, SUM_MAX))
    if used > before and not joins then
        local _, unused, told, _, charge =
            sliding_window_log(nil, at, now_us, used - before, SUM_MAX, window_us)
        return 0, math.max(quota - (SUM_MAX - unused), 0), told, 0, charge, false
    end
    last = newest and newest.at or last
    local reset = used > 0 and window_us - (now_us - last) or 0
    local left, told = math.max(quota - used, 0), is_refused and -1 - reset or reset
    if used == before then
        return 0, left, told, 0
    end

    local function charge()
        if used == 0 then
            redis.call("UNLINK", key)
            return 0
        end
        local first, left_us = total - before, now_us - window_us
        if joins then
            charges_leave(key, left_us, older)
            charges_join(key, first, used, used - before)
        else
            charges_give_back(key, newest, rank, first, used, left_us, older)
        end
        redis.call("PEXPIRE", key, string.format("%d", math.ceil(reset / 1000)))
        return 0
    end
    return 0, left, told, 0, charge, true
end
