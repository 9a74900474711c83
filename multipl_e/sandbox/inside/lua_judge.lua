-- The judge of Lua: a warm process that runs the tests, each task in an environment of its own. The
-- candidate is in another process, and a stand-in for its function asks it line by line. One task
-- per line: a JSON string that holds the function's names and the tests, hex-coded.
local folder = arg[0]:match('^(.*)/')
package.path = folder .. '/?.lua;' .. package.path
local values = require('lua_values')
local lu = require('luaunit')

io.stdout:setvbuf('full')
local relay = io.stdout
local gone = {}
local over = false

local function write(line)
    relay:write(line, '\n')
    relay:flush()
end

local function hear()
    if over then error(gone, 0) end
    local line = io.stdin:read('L')
    if not line then os.exit(0) end
    if line:sub(1, 1) ~= '<' then
        over = true
        error(gone, 0)
    end
    return line:sub(2, 2), line:sub(3, -2)
end

local function outcome(status, trace)
    trace = tostring(trace):sub(1, 4000):gsub('[^ !#-%[%]-~]', function(c)
        return c == '\n' and '\\n' or string.format('\\u%04x', c:byte())
    end)
    write(string.format('={"status":"%s","trace":"%s"}', status, trace))
end

local function ask(name, ...)
    write('>' .. values.encode(select('#', ...) + 1, name, ...))
    local kind, text = hear()
    local count, all = values.decode(text)
    if kind == 'e' then error(all[1], 0) end
    return table.unpack(all, 1, count)
end

-- The program's ways to run its tests, on the functions that it defined.
local function runner(environment)
    return function()
        local names, failures = {}, 0
        for name, value in pairs(environment) do
            if type(name) == 'string' and name:lower():find('^test') and type(value) == 'function' then
                names[#names + 1] = name
            end
        end
        table.sort(names)
        if #names == 0 then error('there is no test', 0) end
        for _, name in ipairs(names) do
            local fine, problem = pcall(environment[name])
            if not fine then
                failures = failures + 1
                environment.__problem = type(problem) == 'table' and problem.msg or tostring(problem)
            end
        end
        return failures
    end
end

local function run(names, tests)
    local kind, text = hear()
    if kind ~= 'l' then
        local _, all = values.decode(text)
        return kind == 's' and 'SyntaxError' or 'Exception', all[1]
    end
    local environment = setmetatable({}, { __index = _G })
    local run_all = runner(environment)
    local library = setmetatable({}, { __index = lu })
    library.LuaUnit = { run = run_all, new = function() return { runSuite = run_all } end }
    local finish = {}
    environment._G = environment
    environment.print = function() end
    environment.require = function(name) return name == 'luaunit' and library or require(name) end
    environment.os = setmetatable({
        exit = function(code) error({ [finish] = code == true or code == nil or code == 0 }, 0) end,
    }, { __index = os })
    for name in names:gmatch('%S+') do
        environment[name] = function(...) return ask(name, ...) end
    end
    local chunk, problem = load(tests, '=tests', 't', environment)
    if not chunk then return 'SyntaxError', problem end
    local fine, ended = pcall(chunk)
    if over then return 'Gone', '' end
    if not fine and type(ended) == 'table' and ended[finish] ~= nil then fine, ended = ended[finish], '' end
    if fine and not environment.__problem then return 'OK', '' end
    return 'Exception', environment.__problem or ended
end

for line in io.stdin:lines() do
    local names, hex = line:match('^"([%w_ ]*)|(%x*)"$')
    if hex then -- anything else is a late word of the last candidate
        over = false
        local tests = hex:gsub('%x%x', function(h) return string.char(tonumber(h, 16)) end)
        local fine, status, trace = pcall(run, names, tests)
        if fine then outcome(status, trace)
        elseif over then outcome('Gone', '')
        else outcome('Exception', status) end
    end
end
