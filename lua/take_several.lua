-- Decides one take against all limits of a policy and charges all of them or none. KEYS, ARGV and
-- the reply: include/store/take_script.h. Twin: src/limit/decide.c.
--
-- Above this are composed `algorithms`, the functions by their numbers: see take_one.lua. Strings
-- are joined as they come: tables that grow would cost more.
local HEAD_BYTES, LIMIT_BYTES = 16, 40

local cost, state_bytes = struct.unpack("<dd", ARGV[1])
local time = redis.call("TIME") -- once: in Redis 7.0 it goes on while a script runs
local now_us = tonumber(ARGV[2]) or time[1] * 1000000 + time[2]

local states = state_bytes > 0 and redis.call("GET", KEYS[1])
if not states or #states ~= state_bytes then
    states = string.rep("\0", state_bytes)
end

local function decide(limit, limit_cost)
    local algorithm, at, quota, window_us, burst = struct.unpack("<ddddd", ARGV[1], limit)
    return algorithms[algorithm](states, at, now_us, limit_cost, quota, window_us, burst)
end

if cost < 0 then -- as much of it as fits
    cost = -cost
    for limit = 1 + HEAD_BYTES, #ARGV[1], LIMIT_BYTES do
        local _, remaining = decide(limit, 0)
        cost = math.min(cost, remaining)
    end
end

local reply, allowed = {}, true
local charged, keep_longest, are_kept, charges = "", 0, true, {}
for limit = 1 + HEAD_BYTES, #ARGV[1], LIMIT_BYTES do
    local retry_us, remaining, reset_us, delay_us, state, keep_us, is_kept = decide(limit, cost)
    local last = #reply
    reply[last + 1] = retry_us
    reply[last + 2] = remaining
    reply[last + 3] = reset_us
    reply[last + 4] = delay_us
    allowed = allowed and retry_us == 0
    if keep_us then
        charged = charged .. state
        keep_longest = math.max(keep_longest, keep_us)
        are_kept = are_kept and is_kept
    elseif state then -- the function that charges a log
        charges[#charges + 1] = state
    end
end

if not allowed then -- so nothing is charged: what would have allowed shows what it has
    local place = 1
    for limit = 1 + HEAD_BYTES, #ARGV[1], LIMIT_BYTES do
        if reply[place] == 0 then
            local _, remaining, reset_us, delay_us = decide(limit, 0)
            reply[place + 1], reply[place + 2], reply[place + 3] = remaining, reset_us, delay_us
        end
        place = place + 4
    end
    return reply
end
for _, charge in ipairs(charges) do
    charge()
end
if keep_longest > 0 and are_kept then
    redis.call("SET", KEYS[1], charged, "KEEPTTL")
elseif keep_longest > 0 then
    local expiry_ms = string.format("%d", math.ceil(keep_longest / 1000))
    redis.call("SET", KEYS[1], charged, "PX", expiry_ms)
end
return reply
