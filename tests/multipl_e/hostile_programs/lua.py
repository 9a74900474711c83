"""Attacks in Lua, which reaches the system through files and commands."""

TESTS = (
    "lu = require('luaunit')\n\nfunction test_humaneval()\nlocal candidate = attack\n"
    "    lu.assertEquals(candidate(), true)\nend\n\nos.exit(lu.LuaUnit.run())\n"
)


def _any(items: str, test: str) -> str:
    return (
        f"function attack()\n    for _, x in ipairs({{ {items} }}) do\n"
        f"        if {test} then return true end\n    end\n    return false\nend\n"
    )


def _command(command: str) -> str:
    return f"function attack()\n    return os.execute([[{command}]]) == true\nend\n"


_FOLDERS = "'/tmp', '/dev/shm', '/run', '/var/tmp', '.', '/work', '/judge'"

PROGRAMS = {
    "fork_bomb": "function attack()\n    for _ = 1, 5000 do\n"
    "        if not os.execute('tail -f /dev/null > /dev/null 2>&1 &') then return false end\n"
    "    end\n    return io.popen('true'):close()\nend\n",
    "memory_bomb": "function attack()\n    local blocks = {}\n    for i = 1, 128 do\n"
    "        blocks[i] = string.rep('x', 64 << 20)\n    end\n    return #blocks == 128\nend\n",
    "disk_bomb": "function attack()\n    local block = string.rep('x', 16 << 20)\n"
    "    for i = 1, 128 do\n        local file = io.open('/tmp/' .. i, 'w')\n"
    "        if not file or not file:write(block) or not file:close() then return false end\n"
    "    end\n    return true\nend\n",
    "output_bomb": "function attack()\n    local block = string.rep('x', 1 << 20)\n"
    "    for _ = 1, 256 do io.write(block) end\n    return true\nend\n",
    "network": _command("bash -c 'exec 9<> /dev/tcp/127.0.0.1/{port}' 2> /dev/null"),
    "host_files": _any("'{secret}', '/proc/1/root{secret}', '/etc/shadow'", "io.open(x)"),
    "host_write": _any(
        "'{folder}/hostile', '/usr/hostile', '/judge/inside/hostile', '/hostile'",
        "io.open(x, 'w')",
    ),
    "environment": _command("(env; cat /proc/[0-9]*/environ) 2>&1 | grep -q JUDGE_HOST_SECRET"),
    "parent_kill": _command(
        "for pid in 1 $PPID $(seq 2 400); do [ $pid = $$ ] || kill -9 $pid; done 2> /dev/null;"
        " kill -9 -1; false"
    ),
    "symlink": _any(
        "'.', '/tmp', '/dev/shm'",
        "os.execute('ln -s {secret} ' .. x .. '/link 2> /dev/null') and io.open(x .. '/link')",
    ),
    "ptrace": "function attack()\n    local own = io.open('/proc/self/stat'):read('n')\n"
    "    for pid = 1, own - 1 do\n"
    "        if io.open('/proc/' .. pid .. '/mem') then return true end\n"
    "    end\n    return false\nend\n",
    "privileges": _command(
        "unshare --user --map-root-user true 2> /dev/null || setpriv --reuid 0 true 2> /dev/null"
    ),
    "daemon": "function attack()\n"
    "    os.execute([[setsid bash -c 'exec -a {marker} tail -f /dev/null' > /dev/null 2>&1 &]])\n"
    "    return true\nend\n",
    "leftovers": f"function attack()\n    for _, x in ipairs({{ {_FOLDERS} }}) do\n"
    "        local file = io.open(x .. '/{marker}', 'w')\n        if file then file:close() end\n"
    "    end\n    return true\nend\n",
    "find_leftovers": _any(_FOLDERS, "io.open(x .. '/{marker}')"),
}
