"""Racket: the candidate's module is loaded by a judge that reads the tests from its input."""

from __future__ import annotations

import functools
import os
import re
import shutil
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
    which,
)
from multipl_e.languages.prepared import JUDGES, compile_once, prepared
from multipl_e.languages.versions import version_line
from multipl_e.records import Status, Task, Verdict
from multipl_e.sandbox import Limits, Sandbox, SandboxSpec

_SYNTAX_EXIT = 65
_JUDGE = "racket_judge.rkt"
_COMPILED_INSIDE = "/opt/multipl-e-racket"
_ENTRY = re.compile(r"\(\s*candidate\s+([^\s()\[\]]+)\s*\)")
_DEFINED = re.compile(r"^\(define\s+\(([^\s()]+)", re.MULTILINE)
# Names that MultiPL-E's program could not define itself, for it requires rackunit.
_RACKUNIT = re.compile(
    r"\(define(?:-syntax-rule)?\s+\(?(?:check|fail|fail-check|before|after|around"
    r"|check-\S+|test-\S+|run-test\S*|test-case|exn:test)[\s)]|rackunit"
)


class Racket(Language):
    """Racket CS."""

    name = "rkt"
    title = "Racket"
    aliases = ("racket",)
    extension = ".rkt"
    package = "racket"
    fences = ("racket", "rkt", "scheme", "lisp")
    stop_tokens = ("\n(define ", "\n#|", "\n;", "\n(")
    comment = ";"
    cost = 0.4
    smoke = (
        "#lang racket\n(define (add a b)\n  (+ a b))\n",
        "(require rackunit)\n(define (test-humaneval)\n  (let (( candidate add))\n"
        "    (check-within (candidate 1 2) 3 0.001)\n))\n(test-humaneval)\n",
    )

    def find(self) -> Toolchain | None:
        """Racket, as found on the path."""
        commands = which("racket")
        if commands is None:
            return None
        return Toolchain(commands, version_line(commands["racket"], "--version"))

    def sandbox(self) -> SandboxSpec:
        """The compiled judge; Debian keeps where the libraries are under /etc."""
        folder = self.compiled
        return SandboxSpec(
            read_only=tuple(p for p in ("/etc/racket",) if os.path.isdir(p)),
            mounts={_COMPILED_INSIDE: str(folder)} if folder else {},
        )

    @functools.cached_property
    def compiled(self) -> Path | None:
        """A folder with the judge and what ``raco make`` made of it, once per version."""
        source = JUDGES / _JUDGE

        def make(folder: Path) -> None:
            shutil.copy(source, folder)
            raco = os.path.join(os.path.dirname(self.command("racket")), "raco")
            compile_once(raco, "make", str(folder / _JUDGE))

        version = self.toolchain.version if self.toolchain else "?"
        return prepared("racket", version, make, source)

    def limits(self, limits: Limits) -> Limits:
        """Racket's collector copies, so that its address space is twice what a program uses."""
        memory = limits.memory_mb
        return replace(limits, memory_mb=memory and 2 * memory + 512)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt, and what the tests call their candidate."""
        return tuple(
            dict.fromkeys([*_ENTRY.findall(task.tests), *_DEFINED.findall(task.prompt)[-1:]])
        )

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer with its language line, if it left that out."""
        code = super().code_of_answer(task, answer)
        return code if "#lang" in code else f"#lang racket\n\n{code}"

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Run the judge of Racket."""
        return self.run(sandbox, self.plan(program, room, sandbox.judge_path), room)

    def plan(self, program: Program, room: Room, judge_path: str = "/judge") -> Plan:
        """What runs the judge, which lies at `judge_path` inside a sandbox."""
        name = next(iter(program.entry_points), "candidate")
        required = "(require rackunit)\n" if _RACKUNIT.search(program.code) else ""
        code = f"{program.code}\n{required}(provide {name})\n"
        stdin = f"{room.secret}\n{room.proof_path}\n{name}\n{program.tests}"
        folder = f"{judge_path}/inside"
        if self.compiled is not None:
            folder = _COMPILED_INSIDE if room.isolated else str(self.compiled)
        argv = (self.command("racket"), f"{folder}/{_JUDGE}")
        return Plan(files={"candidate.rkt": code}, steps=(Step("run", argv, stdin=stdin),))

    def failure(self, run: StepReport) -> Status:
        """The judge ends with a code of its own where the module does not compile."""
        if "out of memory" in run.stderr:
            return "OutOfMemory"
        return "SyntaxError" if run.exit_code == _SYNTAX_EXIT else "Exception"


LANGUAGE = Racket()
