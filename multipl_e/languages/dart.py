"""Dart: compiled to a kernel file, which proves itself at the end of the tests. Not verified."""

from __future__ import annotations

import re
from dataclasses import replace

from multipl_e.languages import blocks
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

_MAIN = re.compile(r"\bmain\s*\([^)]*\)[^{;]*\{")
_OWN_MAIN = re.compile(r"^[ \t]*(?:void\s+|Future<void>\s+)?main\s*\([^)]*\)[^{;]*\{", re.MULTILINE)
_ENTRY = re.compile(r"\bcandidate\s*=\s*(\w+)\s*;")
_DEFINED = re.compile(r"^[\w<>?,() ]*?\b(\w+)\s*\([^;{}]*\)\s*\{", re.MULTILINE)


class Dart(PlannedLanguage):
    """Dart."""

    name = "dart"
    title = "Dart"
    extension = ".dart"
    package = "dart (from dart.dev)"
    fences = ("dart",)
    stop_tokens = ("\n}",)
    cost = 3.0
    verified = False
    smoke = (
        "int add(int a, int b) {\n  return a + b;\n",
        "}\nvoid main() {\n  final candidate = add;\n  expect(candidate(1, 2), 3);\n}\n\n"
        "void expect(dynamic a, dynamic b) {\n  if (a == b) return;\n  throw '$a != $b';\n}\n",
    )

    def find(self) -> Toolchain | None:
        """Dart, as found on the path."""
        commands = which("dart")
        if commands is None:
            return None
        return Toolchain(commands, first_line(commands["dart"], "--version"))

    def sandbox(self) -> SandboxSpec:
        """Dart's own folder."""
        return SandboxSpec(read_only=installation(self.command("dart")), extra_memory_mb=1024)

    def limits(self, limits: Limits) -> Limits:
        """Dart reserves address space by the gigabyte and starts threads."""
        return replace(limits, memory_mb=None, processes=limits.processes + 32)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """What the tests call their candidate."""
        return tuple(_ENTRY.findall(task.tests))

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer without a main of its own, open where the tests close it."""
        code = blocks.without(super().code_of_answer(task, answer), _OWN_MAIN)
        entry = self.entry_points(task)
        code = blocks.function_last(
            code,
            lambda text: next((m.start() for m in _DEFINED.finditer(text) if m[1] in entry), -1),
        )
        return blocks.reopened(code, task.tests)

    def plan(self, program: Program, room: Room) -> Plan:
        """Compile, remove the source, run."""
        name = fresh_name()
        tests = program.tests
        main = _MAIN.search(blocks.blanked(tests))
        end = blocks.block_end(tests, main.end() - 1) if main else None
        if end is not None:
            (a, b), (c, d) = masked(room.secret), masked(room.proof_path)
            text = "String.fromCharCodes(List.generate({n}, (i) => <int>[{x}][i] ^ <int>[{y}][i]))"
            secret = text.format(n=len(a), x=numbers(a), y=numbers(b))
            path = text.format(n=len(c), x=numbers(c), y=numbers(d))
            proof = f"{name}.File({path}).writeAsStringSync({secret});\n"
            tests = f"{tests[: end - 1]}{proof}{tests[end - 1 :]}"
        source = f"import 'dart:io' as {name}; {program.code}\n{tests}"
        dart = self.command("dart")
        limits = replace(room.limits, seconds=max(45.0, room.limits.seconds))
        compiling = (dart, "compile", "kernel", "program.dart", "-o", "program.dill")
        return Plan(
            files={"program.dart": source},
            steps=(
                Step("compile", compiling, limits=limits),
                Step("compile", ("/bin/rm", "program.dart")),
                Step("run", (dart, "program.dill")),
            ),
        )


LANGUAGE = Dart()
