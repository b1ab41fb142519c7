-- wrk ... -s replay.lua URL -- TEMPLATE
--
-- Sends the request in the file TEMPLATE again and again. In it, @number:COUNT@ is replaced by a
-- number of seven digits below COUNT, and @line:FILE@ by a line of FILE. Both are chosen anew for
-- each request. After @number:COUNT:PERCENT@ the number is 0 in so many of 100 requests, and chosen
-- in the others. The last line of the output is the result, in JSON.

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("seed", threads)
end

local function lines_of(path)
    local lines = {}
    for line in io.lines(path) do
        lines[#lines + 1] = line
    end
    return lines
end

local function blank(kind, argument)
    if kind == "line" then
        local lines = lines_of(argument)
        return function()
            return lines[math.random(#lines)]
        end
    end
    local count, percent = argument:match("^(%d+):?(%d*)$")
    count, percent = tonumber(count), tonumber(percent) or 0
    return function()
        if percent > 0 and math.random(100) <= percent then
            return "0000000"
        end
        return string.format("%07d", math.random(count) - 1)
    end
end

-- `parts` are the texts of the template. Where a text must be chosen, `blanks` has the function.
local parts, blanks = {}, {}

local function read_template(text)
    local at = 1
    while true do
        local first, last, kind, argument = text:find("@(%a+):([^@]+)@", at)
        parts[#parts + 1] = text:sub(at, (first or 0) - 1)
        if not first then
            return
        end
        parts[#parts + 1] = ""
        blanks[#parts] = blank(kind, argument)
        at = last + 1
    end
end

function init(arguments)
    math.randomseed(seed)
    local file = assert(io.open(arguments[1], "rb"))
    read_template(file:read("*a"))
    file:close()
end

function request()
    for at, draw in pairs(blanks) do
        parts[at] = draw()
    end
    return table.concat(parts)
end

function done(summary, latency)
    local errors = summary.errors
    local broken = errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format(
        '{"requests":%d,"seconds":%.6f,"p50_ms":%.4f,"p99_ms":%.4f,"refused":%d,"broken":%d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
        latency:percentile(99) / 1e3, errors.status, broken))
end
