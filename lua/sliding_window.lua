-- Sliding window: at most L in the last W, estimated by two counters. Windows follow each other
-- from time 0. What was used in the present one counts, and a share of what was used in the one
-- before. That share is compared as a weight, in units of one use * 1 us / W. Twin:
-- src/limit/sliding_window.c, which says more.
--
-- What comes in and goes out: take_one.lua. A window that goes on has its expiry already. Two more
-- are returned: what is used of the previous window, and of the present one.
local function sliding_window(states, at, now_us, cost, quota, window_us)
    local last_start, previous, current = struct.unpack("<ddd", states, at)
    local start = math.floor(now_us / window_us) * window_us
    local is_moved, is_refused
    local is_used = current ~= 0 or previous ~= 0
    if is_used and not (current >= 0 and current <= 9007199254740991 and current % 1 == 0
            and previous >= 0 and previous <= 9007199254740991 and previous % 1 == 0
            and last_start >= 0 and last_start <= 9007199254740991
            and last_start % window_us == 0) then
        previous, current, is_refused = 0, 0, true
    elseif is_used and last_start > start then
        is_moved = true
    elseif last_start < start then
        previous = last_start + window_us == start and current or 0
        current = 0
    end

    local is_there = current > 0
    local rest = window_us - (now_us - start)
    local weight = previous * rest
    local room = quota - cost - current -- how much of `previous` may still count
    local allowed = weight <= room * window_us
    local retry = 0
    if allowed then
        current = current + cost
    elseif cost > quota then
        retry = -1
    elseif room >= 0 then -- the weight falls by `previous` per microsecond
        retry = math.ceil((weight - room * window_us) / previous)
    else -- in the next window, in which `current` is what falls
        retry = rest + math.ceil(-room * window_us / current)
    end
    local used = current + (weight > 0 and math.ceil(weight / window_us) or 0)
    local left = used < quota and quota - used or 0
    local reset = current > 0 and rest + window_us or previous > 0 and rest or 0
    local told = is_refused and -1 - reset or reset
    retry = math.min(retry, reset) -- rounding up may have made it 1 us later

    if is_moved or allowed and cost > 0 then
        local kept = struct.pack("<dddd", now_us + reset, start, previous, current)
        return retry, left, told, 0, kept, reset, is_there and not is_moved, previous, current
    end
    return retry, left, told, 0, nil, nil, nil, previous, current
end
