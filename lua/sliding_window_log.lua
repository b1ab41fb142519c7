-- Sliding window log: at most L in any stretch of W, exactly, because every charge is kept until it
-- leaves (now - W, now]. Twin: src/limit/sliding_window_log.c, which says more.
--
-- The log is a sorted set. A charge's score is its time, its member "<before>:<cost>": the sum of
-- all charges before it, in 16 digits, so that charges of one time are in order too.
--
-- Only the last charge and the oldest that counts decide what is allowed. The charges between them
-- may be anything.
--
-- A call takes no longer when the log is long. At most LEAVE_MAX charges are removed one by one,
-- and a log that is replaced as a whole is freed in the background. Charges that have left stay
-- until they are removed, and do not count. Each new charge removes that many, so a log is never
-- longer than the largest limit that it had.
--
-- While its slot of a cluster moves away, a log is still written at the old node as long as it is
-- there. But what is gone cannot be written again: it would belong to the new node. So no log is
-- emptied before it gets its new charge, and it is deleted as a whole by log_unlink() only.
local SUM_MAX = 9007199254740991 -- the largest run of integers that a double holds exactly
local LEAVE_MAX = 128 -- CHARGE_LOG_LEAVE_MAX

local function charge_member(before, cost)
    return string.format("%016.0f:%.0f", before, cost)
end

-- Returns nothing when a member and its score are no charge that can have been written here.
local function charge_of(member, score)
    local before, cost = string.match(member or "", "^(%d+):(%d+)$")
    local at = tonumber(score)
    if not before or #before ~= 16 then
        return
    end
    before, cost = tonumber(before), tonumber(cost)
    if cost >= 1 and before + cost <= SUM_MAX
        and at >= 0 and at <= 9007199254740991 and at % 1 == 0 then
        return { at = at, before = before, cost = cost, member = member }
    end
end

-- The last charge; false when there is none, and nothing when it is invalid. After an error that is
-- not of this key the call is made again, so that the script fails with it.
local function charge_last(key)
    local found = redis.pcall("ZRANGE", key, "-1", "-1", "WITHSCORES")
    if not found.err then
        return found[1] ~= nil and charge_of(found[1], found[2])
    elseif not string.find(found.err, "WRONGTYPE", 1, true) then
        return redis.call("ZRANGE", key, "-1", "-1", "WITHSCORES")
    end
end

local function charge_after(key, at)
    local later = string.format("(%.0f", at)
    local found = redis.call("ZRANGEBYSCORE", key, later, "+inf", "WITHSCORES", "LIMIT", "0", "1")
    return charge_of(found[1], found[2])
end

-- The oldest charge after `at`, and how many are older: that number is missing when it is more than
-- one. Most often the charge is one of the first two.
local function charge_oldest(key, at)
    local found = redis.call("ZRANGE", key, "0", "1", "WITHSCORES")
    for older = 0, 1 do
        local charge = charge_of(found[2 * older + 1], found[2 * older + 2])
        if not charge then
            break
        elseif charge.at > at then
            return charge, older
        end
    end
    return charge_after(key, at)
end

-- The last charge before which less than `total` was charged; `oldest` is one of these. And its
-- rank, unless it is the oldest. A charge is 1 at least, so the rank after it is at most as many
-- places further as is lacking. Nothing when a charge on the way is invalid.
local function charge_before(key, oldest, total)
    local lacking = total - oldest.before
    if lacking == 1 then
        return oldest
    end
    local low = redis.call("ZCOUNT", key, "-inf", string.format("(%.0f", oldest.at))
    local high = math.min(low + lacking, redis.call("ZCARD", key))
    local last = oldest
    while high - low > 1 do
        local middle = math.floor((low + high) / 2)
        local rank = string.format("%.0f", middle)
        local charge = charge_of(unpack(redis.call("ZRANGE", key, rank, rank, "WITHSCORES")))
        if not charge then
            return
        elseif charge.before < total then
            low, last = middle, charge
        else
            high = middle
        end
    end
    return last, low
end

-- Deletes what will be written anew, so that Redis frees it in the background. While the slot moves
-- it deletes nothing, and returns false: then Redis refuses a command on two keys if only one of
-- them is there. The second one never is.
local function log_unlink(key)
    return type(redis.pcall("UNLINK", key, key .. ":")) == "number"
end

-- Puts one charge in place of all that there is. What is not even a log cannot be replaced while
-- its slot moves: then the call fails, and the next one is at the new node.
local function log_replace(key, at, before, cost)
    local member = charge_member(before, cost)
    local last
    if not log_unlink(key) then
        last = redis.pcall("ZRANGE", key, "-1", "-1")
        if last.err then
            redis.call("UNLINK", key)
        else
            redis.call("ZREMRANGEBYRANK", key, "0", "-2")
        end
    end
    redis.call("ZADD", key, string.format("%.0f", at), member)
    if last and last[1] and last[1] ~= member then
        redis.call("ZREM", key, last[1])
    end
end

-- Removes the `older` charges that had left at the time `at`, but no more than may be removed at
-- once. When fewer than that still count, they are put into a new log instead. Otherwise a full log
-- that is charged once in a window would keep charges that do not count for many windows. There is
-- one at least that counts.
local function charges_leave(key, at, older)
    older = older or redis.call("ZCOUNT", key, "-inf", string.format("%.0f", at))
    local count = older > LEAVE_MAX and redis.call("ZCARD", key) - older
    if count and count > 0 and count <= LEAVE_MAX then
        local kept = redis.call("ZRANGE", key, string.format("%d", older), "-1", "WITHSCORES")
        for i = 1, #kept, 2 do -- a member and its score, which ZADD takes the other way round
            kept[i], kept[i + 1] = kept[i + 1], kept[i]
        end
        if log_unlink(key) then
            redis.call("ZADD", key, unpack(kept))
        else
            redis.call("ZREMRANGEBYRANK", key, "0", string.format("%d", older - 1))
        end
    elseif older > 0 then
        local rank = string.format("%d", math.min(older, LEAVE_MAX) - 1)
        redis.call("ZREMRANGEBYRANK", key, "0", rank)
    end
end

-- Moves the charges after now_us to now_us, as one charge. It moves all that count when these, or
-- those that have left, are more than may be removed at once. Returns what is last then; nothing
-- when it is invalid.
local function charges_move(key, newest, now_us, window_us)
    local left_us = newest.at - window_us -- what was charged until then had left
    local oldest = charge_after(key, left_us)
    local first = charge_after(key, math.max(left_us, now_us))
    local total = newest.before + newest.cost
    if not (oldest and first) or first.before >= total or oldest.before >= total then
        return
    end
    local left, later = string.format("%.0f", left_us), string.format("(%.0f", now_us)
    local leave = math.max(
        redis.call("ZCOUNT", key, "-inf", left), redis.call("ZCOUNT", key, later, "+inf"))
    if leave > LEAVE_MAX then
        log_replace(key, now_us, oldest.before, total - oldest.before)
    else
        redis.call("ZREMRANGEBYSCORE", key, "-inf", left)
        redis.call("ZADD", key, string.format("%.0f", now_us),
            charge_member(first.before, total - first.before))
        redis.call("ZREMRANGEBYSCORE", key, later, "+inf")
    end
    redis.call("PEXPIRE", key, string.format("%d", math.ceil(window_us / 1000)))
    return charge_last(key)
end

-- Returns the sum of all charges; how much of it is used; when the last charge was; how many
-- charges are older than the used ones (nothing when that is not known); and the charge that has to
-- leave before `cost` fits (none when it fits, or when a charge on the way is invalid) and its
-- rank, as charge_before(). Nothing at all when the log is invalid.
local function log_read(key, now_us, cost, quota, window_us)
    local newest = charge_last(key)
    if newest and newest.at > now_us then
        newest = charges_move(key, newest, now_us, window_us)
    end
    if not newest then
        return newest == false and 0 or nil, 0, now_us, 0
    end
    local total = newest.before + newest.cost
    if newest.at <= now_us - window_us then
        return total, 0, newest.at
    end
    local oldest, older = charge_oldest(key, now_us - window_us)
    local used = oldest and total - oldest.before
    if not used or used < 1 then
        return
    elseif used + cost <= quota or cost > quota then
        return total, used, newest.at, older
    end
    return total, used, newest.at, older, charge_before(key, oldest, total + cost - quota)
end

-- What comes in and goes out: take_one.lua. But its state is the log KEYS[at], charges from the
-- future are moved at once, and instead of a new state it returns the function that adds the
-- charge, and that returns what the reply says in place of 0. Each charge has a life of its own, so
-- it counts as a key that is created.
local function sliding_window_log(_, at, now_us, cost, quota, window_us)
    local key = KEYS[at]
    local total, used, last, older, leaves = log_read(key, now_us, cost, quota, window_us)
    local is_refused = not total
    local is_over = is_refused or total > 0 and used == 0 -- nothing of what is there counts
    if is_refused then
        total, used, last = 0, 0, now_us
    end
    local counted = used
    local allowed = used + cost <= quota
    local retry = 0

    if allowed and cost > 0 then
        used, last = used + cost, now_us
    elseif cost > quota then
        retry = -1
    elseif not allowed then -- at the latest when all have left
        is_refused = not leaves
        retry = window_us - (now_us - (leaves and leaves.at or last))
    end
    local left = math.max(quota - used, 0)
    local reset = used > 0 and window_us - (now_us - last) or 0
    local told = is_refused and -1 - reset or reset

    if not allowed or cost == 0 then
        return retry, left, told, 0
    end
    local function charge()
        local is_at_its_end = total + cost > SUM_MAX -- which nobody lives to see
        total = is_at_its_end and counted or total
        if is_over then
            log_replace(key, now_us, total, cost)
        else
            if is_at_its_end then
                log_replace(key, now_us, 0, counted)
            else
                charges_leave(key, now_us - window_us, older)
            end
            redis.call("ZADD", key, string.format("%.0f", now_us), charge_member(total, cost))
        end
        -- Many large logs that end at once would keep Redis busy. So their ends are spread, by some
        -- characters of both digests in the key, or of the limit's id where it has one.
        local stored = used + (older or 0)
        local digests = struct.unpack("<I4", key, 9) + struct.unpack("<I4", key, 50)
        local spread = digests % math.min(1000 * stored, window_us / 8)
        local keep = reset + spread
        redis.call("PEXPIRE", key, string.format("%d", math.ceil(keep / 1000)))
        return -3
    end
    return retry, left, told, 0, charge
end
