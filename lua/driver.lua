-- Decides one take against all limits of a policy and charges all of them or none. KEYS, ARGV and
-- the reply: include/store/take_script.h. Twin: src/limit/decide.c.
--
-- KEYS[1] holds the states of all limits as one string of little-endian doubles, for each limit as
-- many as its algorithm uses. All zero is a subject that was never seen. A limit whose algorithm
-- keeps a log has the next one of the other KEYS for it.
local ARGUMENTS_PER_LIMIT = 4

local function limits_read(last)
    local limits = {}
    for at = 2, last, ARGUMENTS_PER_LIMIT do
        local algorithm = algorithms[ARGV[at]]
        local quota, window_us = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
        local burst = tonumber(ARGV[at + 3])
        if not (algorithm and quota and window_us and burst) then
            return nil
        end
        limits[#limits + 1] = {
            algorithm = algorithm,
            quota = quota,
            window_us = window_us,
            burst = burst,
        }
    end
    return limits
end

local function packed_bytes(limits)
    local bytes = 0
    for _, limit in ipairs(limits) do
        bytes = bytes + (limit.algorithm.bytes or 0)
    end
    return bytes
end

local function packed_get(limits)
    local bytes = packed_bytes(limits)
    local packed = bytes > 0 and redis.call("GET", KEYS[1])
    return packed and #packed == bytes and packed or string.rep("\0", bytes)
end

local function states_unpack(limits, packed)
    local states, at, key = {}, 1, 2
    for i, limit in ipairs(limits) do
        local algorithm = limit.algorithm
        if algorithm.charge_log then
            states[i], key = { key = KEYS[key] }, key + 1
        else
            states[i] = { struct.unpack(algorithm.format, packed, at) }
            at = at + algorithm.bytes
        end
    end
    return states -- each with one value more, where the next begins: struct.pack() ignores it
end

-- Returns the outcomes and whether all of them allow; then `states` are charged, and the third
-- value is for how long to keep each.
local function decide(limits, states, now_us, cost)
    local outcomes, allowed, keep_us = {}, true, {}
    for i, limit in ipairs(limits) do
        outcomes[i], keep_us[i] = limit.algorithm.decide(limit, states[i], now_us, cost)
        allowed = allowed and outcomes[i].allowed
    end
    return outcomes, allowed, keep_us
end

-- Replaces the outcomes of the limits that would have allowed by what they show when nothing is
-- charged.
local function look_again(limits, states, now_us, outcomes)
    for i, limit in ipairs(limits) do
        if outcomes[i].allowed then
            outcomes[i] = limit.algorithm.decide(limit, states[i], now_us, 0)
        end
    end
end

-- Numbers are given to Redis as strings: formatting them itself costs it as much as the command.
local function expiry_ms(keep_us)
    return string.format("%.0f", math.max(math.ceil(keep_us / 1000), 1))
end

local function states_keep(limits, states, keep_us)
    local parts, keep_longest = {}, 0
    for i, limit in ipairs(limits) do
        local algorithm = limit.algorithm
        if algorithm.charge_log then
            algorithm.charge_log(limit, states[i], expiry_ms(keep_us[i]))
        else
            parts[#parts + 1] = struct.pack(algorithm.format, unpack(states[i]))
            keep_longest = math.max(keep_longest, keep_us[i])
        end
    end
    if #parts > 0 then
        redis.call("SET", KEYS[1], table.concat(parts), "PX", expiry_ms(keep_longest))
    end
end

local function reply_of(outcomes)
    local reply = {}
    for _, outcome in ipairs(outcomes) do
        reply[#reply + 1] = outcome.allowed and 1 or 0
        reply[#reply + 1] = outcome.remaining
        reply[#reply + 1] = outcome.reset_us
        reply[#reply + 1] = outcome.never and -1 or outcome.retry_us
        reply[#reply + 1] = outcome.delay_us or 0
    end
    return reply
end

local function time_us()
    local time = redis.call("TIME") -- once: in Redis 7.0 it goes on while a script runs
    return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local last, now_us = #ARGV, nil
if ARGV[last - 1] == "now" then
    last, now_us = last - 2, tonumber(ARGV[last])
else
    now_us = time_us()
end
local cost = tonumber(ARGV[1])
local limits = (last - 1) % ARGUMENTS_PER_LIMIT == 0 and last > 1 and limits_read(last)
if not (cost and now_us and limits) then
    return redis.error_reply("ERR take: expected a cost and four arguments per limit")
end

local packed = packed_get(limits)
local states = states_unpack(limits, packed)
local outcomes, allowed, keep_us = decide(limits, states, now_us, cost)
if not allowed then
    look_again(limits, states_unpack(limits, packed), now_us, outcomes)
elseif cost > 0 then
    states_keep(limits, states, keep_us)
end
return reply_of(outcomes)
