"""Julia: a judge reads the tests from its input, then loads the candidate. Not verified."""

from __future__ import annotations

import re
from dataclasses import replace

from multipl_e.languages.base import (
    Language,
    Plan,
    Program,
    Room,
    Step,
    StepReport,
    Toolchain,
    first_line,
    installation,
    which,
)
from multipl_e.records import Status, Task, Verdict
from multipl_e.sandbox import Limits, Sandbox, SandboxSpec

_SYNTAX_EXIT = 65
_ENTRY = re.compile(r"candidate\s*=\s*(\w+)")


class Julia(Language):
    """Julia."""

    name = "jl"
    title = "Julia"
    aliases = ("julia",)
    extension = ".jl"
    package = "julia (from julialang.org)"
    fences = ("julia", "jl")
    stop_tokens = ("\nfunction", "\nmacro", "\n\n")
    comment = "#"
    cost = 1.5
    verified = False
    smoke = (
        "function add(a::Int64, b::Int64)::Int64\n    a + b\nend\n",
        "using Test\n\n@testset begin\n\ncandidate = add;\n\t@test(candidate(1, 2) == 3)\nend\n",
    )

    def find(self) -> Toolchain | None:
        """Julia, as found on the path."""
        commands = which("julia")
        if commands is None:
            return None
        return Toolchain(commands, first_line(commands["julia"], "--version"))

    def sandbox(self) -> SandboxSpec:
        """Julia's own folder."""
        return SandboxSpec(read_only=installation(self.command("julia")), extra_memory_mb=512)

    def limits(self, limits: Limits) -> Limits:
        """Julia reserves address space by the gigabyte."""
        return replace(limits, memory_mb=None, processes=limits.processes + 32)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """What the tests call their candidate."""
        return tuple(_ENTRY.findall(task.tests))

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Run the judge of Julia."""
        return self.run(sandbox, self.plan(program, room, sandbox.judge_path), room)

    def plan(self, program: Program, room: Room, judge_path: str = "/judge") -> Plan:
        """What runs the judge, which lies at `judge_path` inside a sandbox."""
        argv = (
            self.command("julia"), "--startup-file=no", "--history-file=no", "-O1",
            f"{judge_path}/inside/julia_judge.jl",
        )  # fmt: skip
        stdin = f"{room.secret}\n{room.proof_path}\n{program.tests}"
        return Plan(files={"candidate.jl": program.code}, steps=(Step("run", argv, stdin=stdin),))

    def failure(self, run: StepReport) -> Status:
        """The judge ends with a code of its own where the candidate does not parse."""
        return "SyntaxError" if run.exit_code == _SYNTAX_EXIT else "Exception"


LANGUAGE = Julia()
