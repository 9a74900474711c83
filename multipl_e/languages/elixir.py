"""Elixir: a judge compiles the tests from its input, then loads the candidate."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

from multipl_e.languages.base import (
    Language,
    Plan,
    Program,
    Room,
    Step,
    StepReport,
    Toolchain,
    first_line,
    which,
)
from multipl_e.languages.prepared import JUDGES, compile_once, prepared
from multipl_e.records import Status, Task, Verdict
from multipl_e.sandbox import Limits, Sandbox, SandboxSpec

_SYNTAX_EXIT = 65
_COMPILED_INSIDE = "/opt/multipl-e-elixir"
_DEFINED = re.compile(r"^\s*def\s+(\w+)", re.MULTILINE)
_TESTS = re.compile(r"^ExUnit\.start|^defmodule\s", re.MULTILINE)
# Two schedulers, few helpers: a machine of its own for a program that lives a moment.
_FLAGS = "+S 2:2 +SDcpu 1:1 +SDio 1 +A 1 +sbwt none +sbwtdcpu none +sbwtdio none"


class Elixir(Language):
    """Elixir."""

    name = "elixir"
    title = "Elixir"
    aliases = ("ex", "exs")
    extension = ".exs"
    package = "elixir"
    fences = ("elixir", "ex", "exs")
    stop_tokens = ("\ndefmodule", "\ndefp", "\ndef ", "\n#", "\n\n")
    comment = "#"
    cost = 0.7
    smoke = (
        "defmodule HumanEval do\n  def candidate(a, b), do: add(a, b)\n"
        "  def add(a, b) do\n    a + b\n  end\nend\n",
        "ExUnit.start()\ndefmodule HumanEvalTest do\n  use ExUnit.Case, async: true\n"
        "  test 'add' do\n    assert 3 == HumanEval.candidate(1, 2)\n  end\nend\n",
    )

    def find(self) -> Toolchain | None:
        """Elixir, as found on the path."""
        commands = which("elixir", "erl")
        if commands is None:
            return None
        return Toolchain(commands, _version(commands["elixir"]))

    def limits(self, limits: Limits) -> Limits:
        """Erlang's machine reserves address space by the gigabyte and starts threads."""
        return replace(limits, memory_mb=None, processes=limits.processes + 32)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt."""
        return tuple(_DEFINED.findall(task.prompt)[-1:])

    def sandbox(self) -> SandboxSpec:
        """The folder of the compiled judge, where it could be made."""
        folder = self.compiled
        return SandboxSpec(mounts={_COMPILED_INSIDE: str(folder)} if folder else {})

    @functools.cached_property
    def compiled(self) -> Path | None:
        """A folder with the judge's modules, made once per version of Elixir and Erlang."""
        source = JUDGES / "elixir_judge.ex"
        compiler = os.path.join(os.path.dirname(self.command("elixir")), "elixirc")
        show = ("-noshell", "-eval", "io:put_chars(erlang:system_info(system_version)), halt().")
        version = f"{self.toolchain and self.toolchain.version} {first_line('erl', *show)}"

        def make(folder: Path) -> None:
            compile_once(compiler, "-o", str(folder), str(source))

        return prepared("elixir", version, make, source)

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Run the judge of Elixir."""
        return self.run(sandbox, self.plan(program, room, sandbox.judge_path), room)

    def plan(self, program: Program, room: Room, judge_path: str = "/judge") -> Plan:
        """What runs the judge, which lies at `judge_path` inside a sandbox."""
        judge = ("-r", f"{judge_path}/inside/elixir_judge.ex")
        if self.compiled is not None:
            judge = ("-pa", _COMPILED_INSIDE if room.isolated else str(self.compiled))
        start = _TESTS.search(program.tests)
        closing = program.tests[: start.start()] if start else ""
        tests = program.tests[len(closing) :]
        return Plan(
            files={"candidate.exs": f"{program.code}\n{closing}"},
            steps=(
                Step(
                    "run",
                    (self.command("elixir"), *judge, "-e", "Judge.main()"),
                    env={"ELIXIR_ERL_OPTIONS": _FLAGS},
                    stdin=f"{room.secret}\n{room.proof_path}\n{tests}",
                ),
            ),
        )

    def failure(self, run: StepReport) -> Status:
        """The judge ends with a code of its own where the candidate does not compile."""
        return "SyntaxError" if run.exit_code == _SYNTAX_EXIT else "Exception"


def _version(elixir: str) -> str:
    try:
        done = subprocess.run(
            (elixir, "--short-version"), capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    return f"Elixir {done.stdout.strip()}"


LANGUAGE = Elixir()
