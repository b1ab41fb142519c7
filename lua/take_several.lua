-- Decides one operation on any limits, in any strings: all are charged, or none. KEYS, ARGV and the
-- reply: include/store/take_script.h. Twin: src/limit/decide.c.
--
-- Above this are composed entries.lua and `algorithms`, the functions by their numbers: see
-- take_one.lua. Strings are joined one by one, because growing tables would cost more.
local FILL, PART = 2, 3 -- OPERATION_FILL, OPERATION_PART
local STRING_BYTES, LIMIT_BYTES, ID_BYTES, CALENDAR_BYTES = 24, 56, 8, 32
local STRINGS_AT = 25

local call = redis.call
local kind, string_count, limits_end = struct.unpack("<ddd", ARGV[1])
local time = call("TIME") -- once: in Redis 7.0 it goes on while a script runs
local now_us = ARGV[3] and tonumber(ARGV[3]) or time[1] * 1000000 + time[2]
for calendar = limits_end + 1, #ARGV[1], CALENDAR_BYTES do
    local first, present, following, last = struct.unpack("<dddd", ARGV[1], calendar)
    if now_us < first or now_us >= (first == present and following or last) then
        local refused = {}
        for _ = STRINGS_AT + STRING_BYTES * string_count, limits_end, LIMIT_BYTES do
            local place = #refused
            refused[place + 1], refused[place + 2] = -2, now_us
            refused[place + 3], refused[place + 4] = 0, 0
        end
        refused[#refused + 1] = kind == PART and 0 or nil
        refused[#refused + 1] = now_us
        return refused
    end
end

-- Room for four limits, a part and the time: a table that grows from none costs Redis as much as a
-- limit.
local reply = {
    nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
}
local strings = { nil, nil, nil, nil }
local last, allowed, is_charged, is_moved, charges, grows
local part, wanted = kind == PART and 0, 0
for pass = part and 1 or 2, 2 do -- the first one looks, to find the part that fits all limits
    last, allowed, is_charged, is_moved, charges, grows = 0, true, false, false, nil, nil
    local row, head_at = STRINGS_AT, 1
    for place = 1, string_count do
        local bytes, head_end, count = struct.unpack("<ddd", ARGV[1], row)
        local head, others, until_us = string.sub(ARGV[2], head_at, head_end), "", 0
        head_at = head_end + 1

        -- Reads only a little more than entries can have, whatever lies there.
        local states = redis.pcall("GETRANGE", KEYS[place], "0", "1023")
        local is_new = states == ""
        if is_new then
            states = string.rep("\0", bytes)
        elseif states.err then
            if not string.find(states.err, "WRONGTYPE", 1, true) then
                return states
            end
            states = string.rep("\255", bytes) -- no numbers: every algorithm refuses them
        elseif #states ~= bytes or string.sub(states, 1, #head) ~= head then
            states, head, others, until_us = entries_find(states, head, bytes, KEYS[place], now_us)
        end

        local first, charged, longest_us, is_kept, is_string_charged = last + 1, "", 0, true, false
        local limits_at = row + STRING_BYTES
        for limit = limits_at, limits_at + LIMIT_BYTES * (count - 1), LIMIT_BYTES do
            local algorithm, at, length, cost, quota, window_us, burst =
                struct.unpack("<ddddddd", ARGV[1], limit)
            local decided = algorithms[algorithm]
            if kind == FILL then
                local _, left = decided(states, at, now_us, 0, quota, window_us, burst)
                cost = math.min(cost, left)
            elseif part then
                wanted, cost = cost, part
            end
            local retry_us, remaining, reset_us, delay_us, state, keep_us, has_expiry =
                decided(states, at, now_us, cost, quota, window_us, burst)
            reply[last + 1] = retry_us
            reply[last + 2] = remaining
            reply[last + 3] = reset_us
            reply[last + 4] = delay_us
            last = last + 4
            allowed = allowed and retry_us == 0
            is_charged = is_charged or cost ~= 0
            if state then
                is_moved = is_moved or retry_us ~= 0 or cost == 0
                is_kept = is_kept and has_expiry
                is_string_charged = true
            elseif reset_us < 0 then -- refused: it is as if it were not there
                state, keep_us = string.rep("\0", length), keep_us or -1 - reset_us
            else -- what is there stays, and the key as long as it counts
                state = string.sub(states, at - 8, at - 9 + length)
                if not keep_us then -- it may have been charged at another rate
                    keep_us, until_us = reset_us, math.max(until_us, (struct.unpack("<d", state)))
                end
            end
            charged = charged .. state
            longest_us = keep_us > longest_us and keep_us or longest_us
        end
        strings[place] = {
            states, is_new, head, others, until_us, first,
            is_string_charged and charged, longest_us, is_kept,
        }
        row = limits_at + LIMIT_BYTES * count
    end
    for limit = row, limits_end, LIMIT_BYTES do -- each with a key of its own
        local algorithm, place, _, cost, quota, window_us, burst =
            struct.unpack("<ddddddd", ARGV[1], limit)
        local decided = algorithms[algorithm]
        if kind == FILL then
            local _, left = decided(nil, place, now_us, 0, quota, window_us, burst)
            cost = math.min(cost, left)
        elseif part then
            wanted, cost = cost, part
        end
        local retry_us, remaining, reset_us, delay_us, charge, stays_short =
            decided(nil, place, now_us, cost, quota, window_us, burst)
        reply[last + 1] = retry_us
        reply[last + 2] = remaining
        reply[last + 3] = reset_us
        reply[last + 4] = delay_us
        last = last + 4
        allowed = allowed and retry_us == 0
        is_charged = is_charged or cost ~= 0
        if charge then
            charges = charges or {}
            charges[last - 3] = charge
            grows = grows or not stays_short
        end
    end
    if pass == 1 then
        part = wanted
        for at_reply = 1, last, 4 do
            part = math.min(part, math.max(reply[at_reply + 1], 1))
        end
    end
end

if not allowed or is_moved and not is_charged then -- who would have allowed shows what it has
    local at_reply = 1
    local row = STRINGS_AT
    charges, grows = nil, nil
    for place = 1, string_count do
        local _, _, count = struct.unpack("<ddd", ARGV[1], row)
        local string_of = strings[place]
        local states, longest_us, has_moved, is_kept = string_of[1], 0, false, true
        local limits_at = row + STRING_BYTES
        for limit = limits_at, limits_at + LIMIT_BYTES * (count - 1), LIMIT_BYTES do
            if is_moved or reply[at_reply] == 0 then
                local algorithm, at, length, _, quota, window_us, burst =
                    struct.unpack("<ddddddd", ARGV[1], limit)
                local _, remaining, reset_us, delay_us, state, keep_us, has_expiry =
                    algorithms[algorithm](states, at, now_us, 0, quota, window_us, burst)
                if reply[at_reply] == 0 then
                    reply[at_reply + 1], reply[at_reply + 2] = remaining, reset_us
                    reply[at_reply + 3] = delay_us
                end
                if state then -- it came from the future; once is enough
                    has_moved, is_kept = true, is_kept and has_expiry
                    states = string.sub(states, 1, at - 9) .. state
                        .. string.sub(states, at - 8 + length)
                elseif not keep_us then
                    string_of[5] = math.max(string_of[5], (struct.unpack("<d", states, at - 8)))
                end
                longest_us = math.max(longest_us, keep_us or reset_us)
            else
                longest_us = math.max(longest_us, reply[at_reply + 2])
            end
            at_reply = at_reply + 4
        end
        string_of[7] = has_moved and string.sub(states, 2 + ID_BYTES * count)
        string_of[8], string_of[9] = longest_us, is_kept
        row = limits_at + LIMIT_BYTES * count
    end
    for limit = row, limits_end, LIMIT_BYTES do
        if reply[at_reply] == 0 then
            local algorithm, place, _, _, quota, window_us, burst =
                struct.unpack("<ddddddd", ARGV[1], limit)
            local _, remaining, reset_us, delay_us =
                algorithms[algorithm](nil, place, now_us, 0, quota, window_us, burst)
            reply[at_reply + 1], reply[at_reply + 2] = remaining, reset_us
            reply[at_reply + 3] = delay_us
        end
        at_reply = at_reply + 4
    end
end

if kind == PART then
    reply[last + 1], reply[last + 2] = allowed and part or 0, now_us
else
    reply[last + 1] = now_us
end
if ARGV[4] then
    for _, string_of in ipairs(strings) do
        grows = grows or string_of[2] and string_of[7]
    end
    if grows then
        for at_reply = 1, last, 4 do
            reply[at_reply], reply[at_reply + 1] = -2, 0
            reply[at_reply + 2], reply[at_reply + 3] = 0, 0
        end
        if kind == PART then
            reply[last + 1] = 0
        end
        return reply
    end
end
if charges then
    for at_reply, charge in pairs(charges) do
        reply[at_reply] = charge()
    end
end
for place = 1, string_count do
    local _, is_new, head, others, until_us, first, kept, longest_us, is_kept =
        unpack(strings[place])
    local is_told, is_shorter = allowed and is_charged, until_us > now_us + longest_us
    local left_ms = -3
    if kept and not is_kept and (is_told or is_shorter) then
        -- Only the key knows, because the limits' numbers may have changed. Without the right to
        -- ask it nothing is told.
        left_ms = is_new and 0 or tonumber(redis.pcall("PTTL", KEYS[place])) or -3
        is_kept = is_shorter and 1000 * left_ms > longest_us
    end
    if kept and is_kept then
        call("SET", KEYS[place], head .. kept .. others, "KEEPTTL")
    elseif kept then
        if is_told and left_ms > -3 then
            reply[first] = left_ms > 0 and left_ms <= 9007199254737
                and -3 - 1000 * left_ms or -3
        end
        local keep_ms = math.ceil(longest_us / 1000)
        if not (keep_ms >= 1 and keep_ms <= 9007199254741) then -- whatever comes, Redis takes it
            keep_ms = keep_ms > 1 and 9007199254741 or 1
        end
        call("SET", KEYS[place], head .. kept .. others, "PX", string.format("%d", keep_ms))
    end
end
return reply
