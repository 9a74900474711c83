"""Lua: the tests run in a process of their own and ask the candidate's for values."""

from __future__ import annotations

import re
from typing import Any

from multipl_e.languages.base import Program, Toolchain, first_line, which
from multipl_e.languages.split import SplitLanguage
from multipl_e.records import Task

_DEFINED = re.compile(r"^\s*(?:local\s+)?function\s+([A-Za-z_]\w*)\s*\(", re.MULTILINE)
_CALLED = re.compile(r"\bcandidate\s*=\s*([A-Za-z_]\w*)")


class Lua(SplitLanguage):
    """Lua 5.4 with luaunit."""

    name = "lua"
    title = "Lua"
    extension = ".lua"
    package = "lua5.4, lua-unit"
    fences = ("lua",)
    stop_tokens = ("\nlocal", "\nfunction", "\n--", "\n\n")
    comment = "--"
    cost = 0.05
    interpreter = "lua5.4"
    marks_memory = ("not enough memory",)
    smoke = (
        "local function add(a, b)\n    return a + b\nend\n",
        "lu = require('luaunit')\n\nfunction test_humaneval()\nlocal candidate = add\n"
        "    lu.assertEquals(candidate(1, 2), 3)\nend\n\nos.exit(lu.LuaUnit.run())\n",
    )

    def find(self) -> Toolchain | None:
        """Lua, if luaunit is there as well."""
        commands = which("lua5.4")
        if commands is None:
            return None
        unit = first_line(
            commands["lua5.4"], "-e", "io.write('luaunit ', require('luaunit').VERSION)"
        )
        if not unit.startswith("luaunit "):
            return None
        return Toolchain(commands, f"{first_line(commands['lua5.4'], '-v')}, {unit}")

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt, and what the tests call their candidate."""
        return tuple(
            dict.fromkeys([*_DEFINED.findall(task.prompt)[-1:], *_CALLED.findall(task.tests)])
        )

    def split(self, program: Program) -> tuple[str, Any]:
        """The candidate, with a line that hands over its functions, local ones too."""
        names = program.entry_points
        table = ", ".join(f"{name} = {name}" for name in names)
        encoded = program.tests.encode("utf-8", "surrogatepass").hex()
        return f"{program.code}\n__judge_serve({{{table}}})\n", f"{' '.join(names)}|{encoded}"


LANGUAGE = Lua()
