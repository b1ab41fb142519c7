-- Fixed window: at most L in [start, start + W). A window starts at the first charged request and
-- is never moved by a denial or a look. Twin: src/limit/fixed_window.c.
--
-- What comes in and goes out: take_one.lua. A window that goes on has its expiry already.
local function fixed_window(states, at, now_us, cost, quota, window_us)
    local start, used = struct.unpack("<dd", states, at)
    local is_moved, is_refused
    if used == 0 then
        start = now_us
    elseif not (used > 0 and used <= 9007199254740991 and used % 1 == 0
            and start >= 0 and start <= 9007199254740991 and start % 1 == 0) then
        start, used, is_refused = now_us, 0, true
    elseif start > now_us then
        start, is_moved = now_us, true
    elseif now_us - start >= window_us then
        start, used = now_us, 0
    end

    local is_there = used > 0
    local allowed = used + cost <= quota
    if allowed then
        used = used + cost
    end
    local left = used < quota and quota - used or 0
    local reset = used > 0 and window_us - (now_us - start) or 0
    local retry = allowed and 0 or cost > quota and -1 or reset
    local told = is_refused and -1 - reset or reset

    if is_moved or allowed and cost > 0 then
        local kept = struct.pack("<ddd", now_us + reset, start, used)
        return retry, left, told, 0, kept, reset, is_there and not is_moved
    end
    return retry, left, told, 0
end
