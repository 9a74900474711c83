"""Swift: compiled with the secret in parts, assertions of ours. Not verified."""

from __future__ import annotations

import re
from dataclasses import replace

from multipl_e.languages import blocks, classes
from multipl_e.languages.base import (
    Plan,
    PlannedLanguage,
    Program,
    Room,
    Step,
    Toolchain,
    first_line,
    installation,
    which,
)
from multipl_e.languages.proofs import fresh_name, masked, numbers
from multipl_e.records import Task
from multipl_e.sandbox import Limits, SandboxSpec

_DEFINED = re.compile(r"^func\s+(\w+)", re.MULTILINE)


class Swift(PlannedLanguage):
    """Swift."""

    name = "swift"
    title = "Swift"
    extension = ".swift"
    package = "swift (from swift.org)"
    fences = ("swift",)
    stop_tokens = ("\n}",)
    cost = 3.0
    verified = False
    smoke = (
        "func add(a: Int, b: Int) -> Int {\n    return a + b\n",
        "}\n\nassert(add(a: 1, b: 2) == 3)\n",
    )

    def find(self) -> Toolchain | None:
        """Swift's compiler."""
        commands = which("swiftc")
        if commands is None:
            return None
        return Toolchain(commands, first_line(commands["swiftc"], "--version"))

    def sandbox(self) -> SandboxSpec:
        """Swift's own folder."""
        return SandboxSpec(read_only=installation(self.command("swiftc")), extra_memory_mb=1024)

    def limits(self, limits: Limits) -> Limits:
        """Room for the threads of the compiler."""
        return replace(limits, processes=limits.processes + 32)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt."""
        return tuple(_DEFINED.findall(task.prompt)[-1:])

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer without statements after its functions, open where the tests close it."""
        code = super().code_of_answer(task, answer)
        entry = self.entry_points(task)
        code = blocks.function_last(
            code,
            lambda text: next((m.start() for m in _DEFINED.finditer(text) if m[1] in entry), -1),
        )
        return blocks.reopened(code, task.tests)

    def plan(self, program: Program, room: Room) -> Plan:
        """Compile from standard input, so that the tests are in no file; then run."""
        name = fresh_name()
        tests = classes.with_assertions(
            program.tests, "assert", "\0", lambda holds, _: f"{name}_check({holds})"
        )
        (a, b), (c, d) = masked(room.secret), masked(room.proof_path)
        proof = (
            f"import Foundation\n"
            f"func {name}_check(_ holds: Bool) {{ if !holds {{ fatalError() }} }}\n"
            f"func {name}_text(_ a: [UInt8], _ b: [UInt8]) -> String {{\n"
            f"    return String(decoding: zip(a, b).map {{ $0 ^ $1 }}, as: UTF8.self)\n}}\n"
            f'if let file = fopen({name}_text([{numbers(c)}], [{numbers(d)}]), "w") {{\n'
            f"    fputs({name}_text([{numbers(a)}], [{numbers(b)}]), file)\n    fclose(file)\n}}\n"
        )
        limits = replace(room.limits, seconds=max(45.0, room.limits.seconds), memory_mb=None)
        argv = (self.command("swiftc"), "-Onone", "-suppress-warnings", "-", "-o", "program")
        source = f"{program.code}\n{tests}\n{proof}"
        return Plan(
            files={},
            steps=(
                Step("compile", argv, limits=limits, stdin=source),
                Step("run", ("./program",)),
            ),
        )


LANGUAGE = Swift()
