-- Charges a token bucket, which goes into debt if it must, or gives back what it lacks. Twin:
-- token_bucket_charge() in src/limit/token_bucket.c.
local function token_bucket_charge(states, at, now_us, cost, quota, window_us, burst)
    local COUNT_MAX = 9007199254740991
    local _, _, looked, _, moved, _, _, before =
        token_bucket(states, at, now_us, 0, quota, window_us, burst)
    if not before then -- never refilled
        return 0, 0, 0, 0
    end
    local debt = math.min(math.max(before + cost * window_us, 0), COUNT_MAX * window_us)
    local missing = math.ceil(debt / window_us)
    local left = missing < burst and burst - missing or 0
    local reset = math.min(math.ceil(debt / quota), COUNT_MAX)
    local told = looked < 0 and -1 - reset or reset

    if moved or debt ~= before then
        local keep = math.max(reset, 1)
        return 0, left, told, 0, struct.pack("<ddd", now_us + keep, debt, now_us), keep, false
    end
    return 0, left, told, 0
end
