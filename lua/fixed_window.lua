-- Fixed window: at most L in [start, end). A window starts at the first charged request and lasts
-- W; or it is a period of a calendar, of which W is 0. It is never moved by a denial or a look. If
-- all of it is given back, it stays open until its end. Twin: src/limit/fixed_window.c.
--
-- What comes in and goes out: take_one.lua. A window that goes on has its expiry already, but not
-- one of which nothing was used: its key may be that of a shorter one. A period of which nothing is
-- used needs none.
local function fixed_window(states, at, now_us, cost, quota, window_us, burst)
    local start, used = struct.unpack("<dd", states, at)
    local is_there, is_refused, is_moved, is_period, changes
    if used ~= 0 or start ~= 0 then
        if used >= 0 and used <= 9007199254740991 and used % 1 == 0
            and start >= 0 and start <= 9007199254740991 and start % 1 == 0 then
            is_there = true
        else
            start, used, is_refused = 0, 0, true
        end
    end
    local opens, over = now_us, now_us - window_us -- what has started by then is over
    if window_us == 0 then
        local previous, present, following, last = struct.unpack("<dddd", ARGV[1], burst)
        local ends = present
        if now_us < previous or now_us >= (previous == present and following or last) then
            return
        end
        opens = previous
        -- The clock was set back, out of the period of the state: that is still the present one, if
        -- it is known when it ends.
        if now_us >= following or now_us >= present and start == following and last > following then
            opens, ends = following, last
        elseif now_us >= present or start == present then
            opens, ends = present, following
        end
        is_period, over, window_us = true, opens - 1, ends - opens
    end
    if start > opens then
        start, is_moved, changes = opens, true, true
    elseif not is_there or start <= over then
        start, used, is_there = opens, 0, false
    end

    local is_kept = used > 0 and not is_moved
    local allowed = used + cost <= quota
    if allowed and cost ~= 0 then
        used, is_there, changes = used + cost, true, true
    end
    local left = used < quota and quota - used or 0
    local reset = (is_there or is_period) and window_us - (now_us - start) or 0
    local retry = allowed and 0 or cost > quota and -1 or reset
    local told = is_refused and -1 - reset or reset

    local kept = changes and struct.pack("<ddd", now_us + reset, start, used)
    if is_period and left > 0 and left == quota then -- its end needs no key
        return retry, left, told, 0, kept, 0, true
    end
    return retry, left, told, 0, kept, kept and reset, is_kept
end
