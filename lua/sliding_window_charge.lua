-- Charges a sliding window, or gives back the present count, then the previous one. Twin:
-- sliding_window_charge() in src/limit/sliding_window.c.
local function sliding_window_charge(states, at, now_us, cost, quota, window_us)
    local COUNT_MAX = 9007199254740991
    local _, _, looked, _, moved, _, _, last, before =
        sliding_window(states, at, now_us, 0, quota, window_us)
    local previous, current = last, before + cost
    if current < 0 then
        previous = math.max(last + current, 0)
    end
    current = math.min(math.max(current, 0), COUNT_MAX)

    local start = math.floor(now_us / window_us) * window_us
    local rest = window_us - (now_us - start)
    local used = current + math.ceil(previous * rest / window_us)
    local left = used < quota and quota - used or 0
    local reset = current > 0 and rest + window_us or previous > 0 and rest or 0
    local told = looked < 0 and -1 - reset or reset

    if moved or current ~= before or previous ~= last then
        local keep = math.max(reset, 1)
        local kept = struct.pack("<dddd", now_us + keep, start, previous, current)
        return 0, left, told, 0, kept, keep, before > 0 and current > 0 and not moved
    end
    return 0, left, told, 0
end
