-- Decides one take against all limits of a policy and charges all of them or none. KEYS, ARGV and
-- the reply: include/store/take_script.h. Twin: src/limit/decide.c.
--
-- Above this are composed `algorithms`, the functions by their numbers: see take_one.lua. Strings
-- are joined one by one, because growing tables would cost more.
local HEAD_BYTES, LIMIT_BYTES = 16, 40

local call = redis.call
local cost, state_bytes = struct.unpack("<dd", ARGV[1])
local time = call("TIME") -- once: in Redis 7.0 it goes on while a script runs
local now_us = ARGV[2] and tonumber(ARGV[2]) or time[1] * 1000000 + time[2]

-- Reads only a little more than states can have, whatever lies there.
local states = state_bytes > 0 and redis.pcall("GETRANGE", KEYS[1], "0", "255") or ""
local is_new = states == ""
if is_new then
    states = string.rep("\0", state_bytes)
elseif #states ~= state_bytes then
    if states.err and not string.find(states.err, "WRONGTYPE", 1, true) then
        return states
    end
    states = string.rep("\255", state_bytes) -- no numbers: every algorithm refuses them
end

local function decide(limit, limit_cost)
    local algorithm, at, quota, window_us, burst = struct.unpack("<ddddd", ARGV[1], limit)
    local decided = algorithms[algorithm]
    return at, decided(states, at, now_us, limit_cost, quota, window_us, burst)
end

local function keep(kept, keep_us)
    local keep_ms = math.ceil(keep_us / 1000)
    if not (keep_ms >= 1 and keep_ms <= 9007199254741) then -- whatever comes, Redis takes it
        keep_ms = keep_ms > 1 and 9007199254741 or 1
    end
    call("SET", KEYS[1], kept, "PX", string.format("%d", keep_ms))
end

if cost < 0 then -- as much of it as fits
    cost = -cost
    for limit = 1 + HEAD_BYTES, #ARGV[1], LIMIT_BYTES do
        local _, _, remaining = decide(limit, 0)
        cost = math.min(cost, remaining)
    end
end

-- Room for four limits: a table that grows from none costs Redis as much as a limit.
local reply = { nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil }
local last, allowed, is_moved = 0, true, false
local charged, keep_longest, are_kept, charges = "", 0, true, nil
for limit = 1 + HEAD_BYTES, #ARGV[1], LIMIT_BYTES do
    local _, retry_us, remaining, reset_us, delay_us, state, keep_us, is_kept = decide(limit, cost)
    reply[last + 1] = retry_us
    reply[last + 2] = remaining
    reply[last + 3] = reset_us
    reply[last + 4] = delay_us
    last = last + 4
    allowed = allowed and retry_us == 0
    if keep_us then
        is_moved = is_moved or retry_us ~= 0 or cost == 0
        charged = charged .. state
        keep_longest = math.max(keep_longest, keep_us)
        are_kept = are_kept and is_kept
    elseif state then -- the function that charges a log
        charges = charges or {}
        charges[#charges + 1] = state
    end
end

if not allowed or is_moved then -- nothing is charged: who would have allowed shows what it has
    local place = 1
    keep_longest = 0
    for limit = 1 + HEAD_BYTES, #ARGV[1], LIMIT_BYTES do
        local at, retry_us, remaining, reset_us, delay_us, state, keep_us
        if is_moved or reply[place] == 0 then
            at, retry_us, remaining, reset_us, delay_us, state, keep_us = decide(limit, 0)
        end
        if reply[place] == 0 then
            reply[place + 1], reply[place + 2], reply[place + 3] = remaining, reset_us, delay_us
        end
        if keep_us then -- the state came from the future; once is enough
            is_moved = true
            states = string.sub(states, 1, at - 1) .. state .. string.sub(states, at + #state)
        end
        keep_longest = math.max(keep_longest, reply[place + 2])
        place = place + 4
    end
    if is_moved then
        keep(states, keep_longest)
    end
    return reply
end
if ARGV[3] and (is_new and keep_longest > 0 or charges) then
    for place = 1, last, 4 do
        reply[place], reply[place + 1], reply[place + 2], reply[place + 3] = -2, 0, 0, 0
    end
    return reply
end
for _, charge in ipairs(charges or {}) do
    charge()
end
if keep_longest > 0 and are_kept then
    call("SET", KEYS[1], charged, "KEEPTTL")
elseif keep_longest > 0 then
    -- Only the key knows, because the limits' numbers may have changed. Without the right to ask it
    -- nothing is told.
    local left_ms = is_new and 0 or tonumber(redis.pcall("PTTL", KEYS[1])) or -3
    if left_ms > -3 then
        reply[1] = left_ms > 0 and left_ms <= 9007199254737 and -3 - 1000 * left_ms or -3
    end
    keep(charged, keep_longest)
end
return reply
