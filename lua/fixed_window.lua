-- Fixed window: at most L in [start, start + W). A window starts at the first charged request and
-- is never moved by a denial or a look. Twin: src/limit/fixed_window.c.
--
-- What comes in and goes out: take_one.lua. A window that goes on has its expiry already.
local function fixed_window(states, at, now_us, cost, quota, window_us)
    local start, used = struct.unpack("<dd", states, at)
    local now = math.max(now_us, start)
    if used == 0 or now - start >= window_us then
        start, used = now, 0
    end

    local is_going_on = used > 0
    local allowed = used + cost <= quota
    if allowed then
        used = used + cost
    end
    local left = math.max(quota - used, 0)
    local reset = used > 0 and start + window_us - now or 0
    local never = cost > quota
    local retry = allowed and 0 or never and -1 or reset

    if not allowed or cost == 0 then
        return retry, left, reset, 0
    end
    local charged = struct.pack("<dd", start, used)
    return retry, left, reset, 0, charged, reset + (now - now_us), is_going_on
end
