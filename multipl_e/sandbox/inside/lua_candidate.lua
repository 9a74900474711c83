-- The candidate's side: load its file, whose last line hands over its functions, then answer calls
-- on descriptors 3 and 4. Never sees the tests.
local folder = arg[0]:match('^(.*)/')
package.path = folder .. '/?.lua;' .. package.path
local values = require('lua_values')
local requests, answers = io.open('/dev/fd/3', 'r'), io.open('/dev/fd/4', 'w')
local pcall, loadfile, tostring, exit, pack = pcall, loadfile, tostring, os.exit, table.pack
local unpack, write, flush, xpcall, traceback = table.unpack, answers.write, answers.flush, xpcall, debug.traceback
local read, sub, hook, getinfo = requests.read, string.sub, debug.sethook, debug.getinfo

local function send(kind, ...)
    write(answers, kind, values.encode(...), '\n')
    flush(answers)
end

arg[-1], arg[0] = arg[0], arg[1]
arg[1] = nil
local lines = os.getenv('JUDGE_COVERAGE') and io.open('coverage.txt', 'w')
local program, problem = loadfile(arg[0])
if not program then
    send('s', 1, tostring(problem))
    exit(1)
end

local function finish()
    io.stdout:flush()
    exit(0)
end

local function serve(functions)
    send('l', 0)
    while true do
        local line = read(requests, 'l')
        if not line or sub(line, 1, 1) == '{' then finish() end
        local count, all = values.decode(line)
        local name = all[1]
        local result = pack(xpcall(functions[name] or _G[name], traceback, unpack(all, 2, count)))
        if result[1] then
            local fine = pcall(send, 'v', result.n - 1, unpack(result, 2, result.n))
            if not fine then send('e', 1, 'a value that cannot be compared') end
        else
            send('e', 1, tostring(result[2]))
        end
    end
end

__judge_serve = serve
if lines then
    local source, seen = '@' .. arg[0], {}
    lines:setvbuf('no') -- so that a killed program leaves its lines too
    hook(function(_, line)
        if not seen[line] and getinfo(2, 'S').source == source then
            seen[line] = true
            write(lines, line, '\n')
        end
    end, 'l')
end
local fine, failure = xpcall(program, traceback)
if fine then exit(0) end -- its end was not reached
send('e', 1, tostring(failure))
exit(1)
