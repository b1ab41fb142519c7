-- The entries of a string, found by their ids: include/store/take_script.h says how they lie there.
-- Only for a string that is not as the limits asked for would have left it.
--
-- Returns the states of these limits in their order, as a string of that kind (all zero: never
-- seen); its head; the states of others; and when the last of these ends. Others are kept while
-- they may count, and as many as a policy may have limits, but not longer than their key would be.
-- A key without an expiry has no life to give them.
local function entries_find(stored, head, bytes, key, now_us)
    local OTHERS_MAX, ID_BYTES, STATE_BYTES_MAX = 8, 8, 48
    local count = string.byte(stored)
    local found, at = {}, 2 + ID_BYTES * count
    local ids, others, until_us = {}, {}, 0
    local key_ends_us = now_us + 1000 * (tonumber(redis.pcall("PTTL", key)) or 0)

    for id_at = 2, 1 + ID_BYTES * count, ID_BYTES do
        local id = string.sub(stored, id_at, id_at + ID_BYTES - 1)
        local length = 8 + 8 * (string.byte(id) or 0)
        local state = string.sub(stored, at, at + length - 1)
        if #state ~= length or length > STATE_BYTES_MAX then -- no version has written this
            return head .. string.rep("\255", bytes - #head), head, "", 0
        end
        found[id] = found[id] or state
        ids[#ids + 1] = id
        at = at + length
    end
    local states = {}
    for id_at = 2, #head, ID_BYTES do
        local id = string.sub(head, id_at, id_at + ID_BYTES - 1)
        states[#states + 1] = found[id] or string.rep("\0", 8 + 8 * string.byte(id))
        found[id] = false
    end
    states = head .. table.concat(states)
    head = string.sub(head, 2)
    for _, id in ipairs(ids) do
        local state = found[id]
        local ends_us = state and math.min(struct.unpack("<d", state), key_ends_us)
        if state and ends_us > now_us and #others < OTHERS_MAX then
            others[#others + 1] = struct.pack("<d", ends_us) .. string.sub(state, 9)
            head = head .. id
            until_us = math.max(until_us, ends_us)
        end
        found[id] = false
    end
    return states, string.char(#head / ID_BYTES) .. head, table.concat(others), until_us
end
