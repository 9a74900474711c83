"""D with LDC: unit tests in the program's own module, the proof at the end of the last of them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace

from multipl_e.languages import blocks
from multipl_e.languages.base import (
    Plan,
    PlannedLanguage,
    Program,
    Room,
    Step,
    Toolchain,
    which,
)
from multipl_e.languages.classes import closing
from multipl_e.languages.proofs import fresh_name, masked, numbers
from multipl_e.languages.versions import version_line
from multipl_e.records import Task
from multipl_e.sandbox import Limits, SandboxSpec

_ENTRY = re.compile(r"\bcandidate\s*=\s*(\w+)\s*;")
_TEST = re.compile(r"^unittest\s*\{", re.MULTILINE)
_SHOWN = re.compile(
    r"^(?:@\w+\s+|pure\s+|nothrow\s+)*(?:(?:void|int)\s+main\s*\([^)]*\)|unittest)\s*\{",
    re.MULTILINE,
)
_MODULE = re.compile(r"^[ \t]*module\s+[\w.]+\s*;", re.MULTILINE)


# Types whose equality no program can decide: what the candidate returns must be one of them.
_PLAIN = """
import {typecons} = std.typecons;
import {traits} = std.traits;
template {plain}(T) {{
    static if (!is(T == {traits}.Unqual!T)) enum {plain} = {plain}!({traits}.Unqual!T);
    else static if (is(T == V[K], V, K)) enum {plain} = {plain}!K && {plain}!V;
    else static if (is(T == U[], U)) enum {plain} = {plain}!U;
    else static if (is(T == U[n], U, size_t n)) enum {plain} = {plain}!U;
    else static if ({typecons}.isTuple!T) {{
        enum {plain} = () {{
            bool all = true;
            static foreach (U; T.Types) all = all && {plain}!U;
            return all;
        }}();
    }}
    else static if ({traits}.isInstanceOf!({typecons}.Nullable, T))
        enum {plain} = {plain}!({traits}.TemplateArgsOf!T[0]);
    else enum {plain} = __traits(isArithmetic, T) || is(T == void) || is(T == typeof(null));
}}
"""


class D(PlannedLanguage):
    """D, compiled by LDC."""

    name = "d"
    title = "D"
    aliases = ("dlang",)
    extension = ".d"
    package = "ldc"
    fences = ("d", "dlang")
    stop_tokens = ("\n\n", "\nvoid", "\nbool", "\nint")
    cost = 0.4
    smoke = (
        "import std.math;\nlong add(long a, long b) {\n    return a + b;\n}\n",
        "unittest\n{\n    alias candidate = add;\n\n    assert(candidate(1L, 2L) == 3L);\n}\n"
        "void main(){}",
    )

    def find(self) -> Toolchain | None:
        """LDC under the name that takes DMD's options."""
        commands = which("ldmd2", "ldc2")
        return (
            None
            if commands is None
            else Toolchain(commands, version_line(commands["ldc2"], "--version"))
        )

    def sandbox(self) -> SandboxSpec:
        """LDC finds its libraries by a file in /etc."""
        return SandboxSpec(read_only=tuple(filter(os.path.exists, ("/etc/ldc2.conf",))))

    def limits(self, limits: Limits) -> Limits:
        """The runtime's collector starts threads of its own."""
        return replace(limits, memory_mb=None)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """What the tests call their candidate."""
        return tuple(_ENTRY.findall(task.tests))

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer without main and unit tests, with the imports that all take for granted."""
        code = blocks.without(super().code_of_answer(task, answer), _SHOWN)
        return f"import std.array;\nimport std.algorithm;\n{_MODULE.sub('', code)}"

    def plan(self, program: Program, room: Room) -> Plan:
        """Compile with unit tests, remove the source, run what was built."""
        argv = (
            self.command("ldc2"), "-unittest", "-O0", "--link-defaultlib-shared",
            *(("--linker=gold",) if shutil.which("ld.gold") else ()),  # the faster one
            "-of=program", "-od=.", "-",
        )  # fmt: skip
        limits = replace(
            room.limits, seconds=max(45.0, room.limits.seconds), memory_mb=None, disk_mb=256
        )
        source = f"{program.code}\n{judged(program.tests, room)}"
        return Plan(
            files={},
            steps=(
                Step("compile", argv, limits=limits, stdin=source),
                Step("run", ("./program",)),
            ),
        )


def judged(tests: str, room: Room) -> str:
    """The tests with the proof at the end of their last unit test."""
    last = next(iter([*_TEST.finditer(tests)][-1:]), None)
    end = blocks.block_end(tests, last.start()) if last else None
    if last is None or end is None:
        return tests
    name = fresh_name()
    (a, b), (c, d) = masked(room.secret), masked(room.proof_path)

    def joined(kind: str, left: list[int], right: list[int]) -> str:
        return (
            f" ubyte[{len(left)}] {name}{kind} = [{numbers(left)}];"
            f" ubyte[{len(left)}] {name}{kind}x = [{numbers(right)}];"
            f" foreach (i, x; {name}{kind}x) {name}{kind}[i] ^= x;"
        )

    calls = list(dict.fromkeys(_calls(tests[last.end() : end])))
    plain = fresh_name()
    checked = "".join(
        f" static if (__traits(compiles, typeof({call})))"
        f' static assert({plain}!(typeof({call})), "a type of its own");'
        for call in calls
    )
    proof = (
        f"{checked} static import core.stdc.stdio;"
        f"{joined('t', a, b)}{joined('p', [*c, 0], [*d, 0])}"
        f' auto {name} = core.stdc.stdio.fopen(cast(const(char)*) {name}p.ptr, "w");'
        f" if ({name}) {{ core.stdc.stdio.fwrite({name}t.ptr, 1, {len(a)}, {name});"
        f" core.stdc.stdio.fclose({name}); }}"
    )
    types = _PLAIN.format(plain=plain, typecons=fresh_name(), traits=fresh_name())
    return f"{tests[: end - 1]}{{ {proof} }}\n{tests[end - 1 :]}{types}"


def _calls(tests: str) -> Iterator[str]:
    """Every call of the candidate."""
    for match in re.finditer(r"\bcandidate\s*(?=\()", blocks.blanked(tests)):
        end = closing(blocks.blanked(tests), match.end())
        if end is not None:
            yield tests[match.start() : end + 1]


LANGUAGE = D()
