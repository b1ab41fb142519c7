-- Token bucket: B tokens at most, full at the start, refilled by L per W. Its state is the debt:
-- the missing tokens in units of one token * 1 us / W. A token is W units, and L units come back
-- per microsecond. Twin: src/limit/token_bucket.c, which says more.
--
-- What comes in and goes out: take_one.lua. It returns one more: the debt before this charge. There
-- is none without a quota.
local function token_bucket(states, at, now_us, cost, quota, window_us, burst)
    if quota == 0 then -- never refilled, so nothing to take and nothing to wait for
        return cost > 0 and -1 or 0, 0, 0, 0
    end

    local ends, debt, last = struct.unpack("<ddd", states, at - 8)
    local is_moved, is_refused
    if debt ~= 0 then
        if not (debt > 0 and debt <= 9007199254740991 * window_us and debt % 1 == 0
                and last >= 0 and last <= 9007199254740991 and last % 1 == 0) then
            debt, is_refused = 0, true
        elseif last > now_us then
            is_moved = true
        elseif ends <= now_us then -- it was charged at a higher rate, and is full again
            debt = 0
        else
            local paid = (now_us - last) * quota
            debt = debt > paid and debt - paid or 0
        end
    end

    local debt_allowed = (burst - cost) * window_us
    local allowed = debt <= debt_allowed and cost <= burst
    local retry, owed = 0, debt
    if allowed then
        debt = debt + cost * window_us
    elseif cost > burst then
        retry = -1
    else
        retry = math.ceil((debt - debt_allowed) / quota)
    end
    local missing = math.ceil(debt / window_us)
    local left = missing < burst and burst - missing or 0
    local reset = math.ceil(debt / quota)
    if reset > 9007199254740991 then -- what a double, and so a reply, holds exactly
        reset = 9007199254740991
        retry = retry < reset and retry or reset
    end
    local told = is_refused and -1 - reset or reset

    if is_moved or allowed and cost > 0 then
        local kept = struct.pack("<ddd", now_us + reset, debt, now_us)
        return retry, left, told, 0, kept, reset, false, owed
    end
    return retry, left, told, 0, nil, nil, nil, owed
end
