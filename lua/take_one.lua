-- Decides one take against the only limit of a policy. KEYS, ARGV and the reply:
-- include/store/take_script.h.
--
-- Above this is composed `algorithm`, the function of one. It gets a string of little-endian
-- doubles and where in it the limit's state is (all zero: never seen), the time, the cost, and the
-- limit. It returns how long to wait before asking again (0: allowed, -1: for ever), what remains,
-- in what time all of it is back, and how long to delay what is allowed. When it charges there
-- follow the new state, for how long to keep that from now_us, and whether the old state, which it
-- came from, is kept until then already.
local cost, state_bytes, _, at, quota, window_us, burst = struct.unpack("<ddddddd", ARGV[1])
local time = redis.call("TIME") -- once: in Redis 7.0 it goes on while a script runs
local now_us = tonumber(ARGV[2]) or time[1] * 1000000 + time[2]

local states = redis.call("GET", KEYS[1])
if not states or #states ~= state_bytes then
    states = string.rep("\0", state_bytes)
end
local retry_us, remaining, reset_us, delay_us, charged, keep_us, is_kept =
    algorithm(states, at, now_us, cost, quota, window_us, burst)
if is_kept then
    redis.call("SET", KEYS[1], charged, "KEEPTTL")
elseif charged then
    -- A number would be formatted by Redis, which costs it as much as the command.
    redis.call("SET", KEYS[1], charged, "PX", string.format("%d", math.ceil(keep_us / 1000)))
end
return { retry_us, remaining, reset_us, delay_us }
