-- Sliding window: at most L in the last W, as two counters tell it: what was used in the present
-- one of the windows that follow each other from time 0, and a share of what was used in the one
-- before, compared as a weight in units of one use * 1 us / W. Twin: src/limit/sliding_window.c,
-- which says more.
--
-- What comes in and goes out: take_one.lua. A window that goes on has its expiry already.
local function sliding_window(states, at, now_us, cost, quota, window_us)
    local last_start, last_previous, last_current = struct.unpack("<ddd", states, at)
    local now = math.max(now_us, last_start)
    local start = math.floor(now / window_us) * window_us
    local previous, current = 0, 0
    if start == last_start then
        previous, current = last_previous, last_current
    elseif start == last_start + window_us then
        previous = last_current
    end

    local is_going_on = current > 0
    local rest = start + window_us - now
    local weight = previous * rest
    local room = quota - cost - current -- how much of `previous` may still count
    local never = cost > quota
    local allowed = weight <= room * window_us
    local retry = 0
    if allowed then
        current = current + cost
    elseif never then
        retry = -1
    elseif room >= 0 then -- the weight falls by `previous` per microsecond
        retry = math.ceil((weight - room * window_us) / previous)
    else -- in the next window, in which `current` is what falls
        retry = rest + math.ceil(-room * window_us / current)
    end
    local used = current + math.ceil(weight / window_us)
    local left = math.max(quota - used, 0)
    local reset = current > 0 and rest + window_us or previous > 0 and rest or 0

    if not allowed or cost == 0 then
        return retry, left, reset, 0
    end
    local charged = struct.pack("<ddd", start, previous, current)
    return retry, left, reset, 0, charged, reset + (now - now_us), is_going_on
end
