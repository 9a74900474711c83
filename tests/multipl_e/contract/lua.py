"""Lua programs by the status that they must get."""

F = "local function add(a, b)\n"
PROGRAMS = {
    "OK": [
        F + '    print("ERROR FAIL \\0")\n    return a + b\nend',
        F + '    print(string.rep("x", 1000000))\n    return a + b\nend',
        "function add(a, b)\n    return a + b\nend\nprint(add(4, 5))",
    ],
    "Exception": [
        F + '    print("1..1\\nok 1\\n-- Ran 1 tests, 1 success, 0 failures\\nOK")\n'
        "    return 0\nend",
        F + "    pcall(error)\n    debug.setmetatable(0, { __eq = function() return true end })\n"
        "    return 0\nend",
        F + "    return a - b\nend",
        F + '    return "3"\nend',
        F + '    error("no")\nend',
        F + "    return undefined_name(a)\nend",
        F + "    return setmetatable({}, { __eq = function() return true end })\nend",
        "local lu = require('luaunit')\nfor name in pairs(lu) do\n"
        "    if type(lu[name]) == 'function' then lu[name] = function() end end\nend\n"
        "lu.LuaUnit.run = function() return 0 end\n" + F + "    return 0\nend",
        "os.exit(3)",
    ],
    "SyntaxError": [F + "    return a + \nend end", F + "    return (a\nend"],
    "Incomplete": [
        F + "    os.exit(0)\nend",
        F + "    os.exit(true, true)\nend",
        "do os.exit(0) end\n" + F + "    return 0\nend",
        "local leave = os.exit\n" + F + "    leave(0)\nend",
        "do return end\n" + F + "    return 0\nend",
    ],
    "Exception|Incomplete": [
        "setmetatable({}, { __gc = function() os.exit(0) end })\n" + F + "    return 0\nend",
        "local f = io.open('/dev/fd/4', 'w')\nf:write('={\"status\":\"OK\"}\\n')\nf:flush()\n"
        "os.exit(0)",
        "debug.getinfo = function() return {} end\n" + F + "    return debug.getlocal(2, 1)\nend",
        "_G.test_humaneval = function() end\n" + F + "    return 0\nend",
    ],
    "Timeout": [F + "    while true do end\nend"],
    "OutputLimit": [F + '    while true do print(string.rep("x", 100000)) end\nend'],
}
