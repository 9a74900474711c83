"""Python: the candidate and the tests in processes of their own (see inside/python_judge.py)."""

from __future__ import annotations

import ast
import os
import platform
import re
import sys

from multipl_e.languages.base import Language, Program, Room, Toolchain, cut_short
from multipl_e.records import Status, Task, Verdict
from multipl_e.sandbox import Sandbox

_CHECKED = re.compile(r"^\s*(?:candidate\s*=\s*|check\(\s*)(\w+)", re.MULTILINE)
_DEFINED = re.compile(r"^(?:async\s+)?def\s+(\w+)|^class\s+(\w+)", re.MULTILINE)


class Python(Language):
    """CPython, the interpreter that runs this project."""

    name = "py"
    title = "Python"
    aliases = ("python", "python3")
    extension = ".py"
    package = "python3"
    fences = ("python", "py", "python3")
    stop_tokens = ("\ndef", "\n#", "\nif", "\nclass")
    comment = "#"
    cost = 0.01
    smoke = (
        "def add(a, b):\n    return a + b\n",
        "def check(candidate):\n    assert candidate(1, 2) == 3\n\ncheck(add)\n",
    )

    def find(self) -> Toolchain | None:
        """The running interpreter."""
        return Toolchain({"python": os.path.realpath(sys.executable)}, platform.python_version())

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt, and what the tests check."""
        defined = [a or b for a, b in _DEFINED.findall(task.prompt)][-1:]
        return tuple(dict.fromkeys([*defined, *_CHECKED.findall(task.tests)]))

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Run the candidate in one process and its tests in another."""
        limits = room.limits
        header = {
            "job": "python",
            "limits": vars(limits),
            "deadline": limits.seconds + 2.0,
        }
        report = sandbox.run(
            header,
            {"code": program.code, "work": room.work, "coverage": room.coverage},
            {
                "tests": program.tests,
                "entry_points": list(program.entry_points),
                "preamble": preamble(program.prompt),
            },
        )
        if (early := cut_short(report, room)) is not None:
            return early
        status: Status = report["status"]
        if report["oom_killed"] and status != "OK":
            status = "OutOfMemory"
        lines = report.get("lines")
        return Verdict(
            status=status,
            exit_code=report["exit_code"],
            stdout=report["stdout"],
            stderr=report["stderr"],
            seconds=report["seconds"],
            executed_lines=None if lines is None else tuple(lines),
            tests_passed=report["passed"],
            tests_total=report["total"],
        )


def preamble(prompt: str) -> str:
    """What a prompt defines before the function it asks for: imports and helpers."""
    if not prompt:
        return ""
    for body in ("", "\n    pass\n", "    pass\n"):
        try:
            tree = ast.parse(prompt + body)
        except (SyntaxError, ValueError):
            continue
        last = max(
            (i for i, n in enumerate(tree.body) if isinstance(n, ast.FunctionDef | ast.ClassDef)),
            default=0,
        )
        return ast.unparse(ast.Module(tree.body[:last], [])) if last else ""
    return ""


LANGUAGE = Python()
