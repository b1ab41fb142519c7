-- Charges a fixed window: as if its quota were all that can be counted. Twin:
-- fixed_window_charge() in src/limit/fixed_window.c.
local function fixed_window_charge(states, at, now_us, cost, quota, window_us, burst)
    local COUNT_MAX = 9007199254740991
    local _, room = fixed_window(states, at, now_us, 0, COUNT_MAX, window_us, burst)
    cost = math.max(room - COUNT_MAX, math.min(cost, room))
    local _, unused, told, _, kept, keep_us, is_kept =
        fixed_window(states, at, now_us, cost, COUNT_MAX, window_us, burst)
    local used = COUNT_MAX - unused
    local left = used < quota and quota - used or 0
    if left == 0 then -- the quota may be 0, so something may be used
        keep_us = told < 0 and -1 - told or told
    end
    return 0, left, told, 0, kept, keep_us, is_kept
end
