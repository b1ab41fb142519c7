-- Decides one operation on the only limit of a policy. KEYS, ARGV and the reply:
-- include/store/take_script.h.
--
-- Above this are composed entries.lua and `algorithm`, the function of one. It gets a string of
-- little-endian doubles, the place of the limit's numbers in it (all zero: never seen), the time,
-- the cost, and the limit. It checks the state as its twin in C does when it settles it. It
-- returns:
--   how long to wait before asking again (0: allowed, -1: for ever),
--   what remains,
--   in what time all of it is back; -1 less that when the state was invalid, and counted as none,
--   how long to delay what is allowed.
-- When it has charged, or moved a state from the future, it also returns:
--   the new state: when its entry ends, and its numbers,
--   for how long to keep that from now_us,
--   whether the key's expiry will do for that.
-- When it has not, and the old state counts for another time than until all of it is back, it
-- returns that time in the same place. Outside of its calendar it returns nothing.
local call = redis.call
local bytes, _, _, _, at, _, cost, quota, window_us, burst =
    struct.unpack("<dddddddddd", ARGV[1], 25)
local time = call("TIME") -- once: in Redis 7.0 it goes on while a script runs
local now_us = ARGV[3] and tonumber(ARGV[3]) or time[1] * 1000000 + time[2]

-- Reads only a little more than entries can have, whatever lies there.
local head, others, until_us = ARGV[2], "", 0
local states = redis.pcall("GETRANGE", KEYS[1], "0", "1023")
local is_new = states == ""
if is_new then
    states = string.rep("\0", bytes)
elseif states.err then
    if not string.find(states.err, "WRONGTYPE", 1, true) then
        return states
    end
    states = string.rep("\255", bytes) -- no numbers: every algorithm refuses them
elseif #states ~= bytes or string.sub(states, 1, #head) ~= head then
    states, head, others, until_us = entries_find(states, head, bytes, KEYS[1], now_us)
end
local retry_us, remaining, reset_us, delay_us, kept, keep_us, is_kept =
    algorithm(states, at, now_us, cost, quota, window_us, burst)
if not retry_us then
    return { -2, now_us, 0, 0, now_us }
elseif kept and is_new and ARGV[4] then
    return { -2, 0, 0, 0, now_us }
elseif kept and (is_kept or until_us > now_us + keep_us) then
    call("SET", KEYS[1], head .. kept .. others, "KEEPTTL")
elseif kept then
    if retry_us == 0 and cost > 0 then
        -- Only the key knows, because the limit's numbers may have changed. Without the right to
        -- ask it nothing is told.
        local left_ms = is_new and 0 or tonumber(redis.pcall("PTTL", KEYS[1])) or -3
        if left_ms > -3 then
            retry_us = left_ms > 0 and left_ms <= 9007199254737 and -3 - 1000 * left_ms or -3
        end
    end
    local keep_ms = math.ceil(keep_us / 1000)
    if not (keep_ms >= 1 and keep_ms <= 9007199254741) then -- whatever comes, Redis takes it
        keep_ms = keep_ms > 1 and 9007199254741 or 1
    end
    -- A number would be formatted by Redis, which costs it as much as the command.
    call("SET", KEYS[1], head .. kept .. others, "PX", string.format("%d", keep_ms))
end
return { retry_us, remaining, reset_us, delay_us, now_us }
