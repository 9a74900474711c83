"""Ada with GNAT: gnatchop and gnatmake, the proof as the last statement of Main."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace

from multipl_e.languages.base import (
    Plan,
    PlannedLanguage,
    Program,
    Room,
    Step,
    Toolchain,
    which,
)
from multipl_e.languages.proofs import fresh_name, masked, numbers
from multipl_e.languages.versions import version_line
from multipl_e.records import Task, Verdict
from multipl_e.sandbox import Sandbox

_ENTRY = re.compile(r"\brenames\s+Placeholder\.(\w+)\s*;", re.IGNORECASE)
_MAIN = re.compile(r"^procedure\s+Main\s+is\b", re.MULTILINE | re.IGNORECASE)
_SPEC = re.compile(r"^package\s+Placeholder\s+is\b", re.MULTILINE | re.IGNORECASE)
_BODY = re.compile(r"^\s*package\s+body\s+Placeholder\b", re.MULTILINE | re.IGNORECASE)
_UNIT_END = re.compile(r"\bend\s+(?:Placeholder|Main)\s*;", re.IGNORECASE)
# What may stand before a unit, or after the last one.
_CONTEXT = re.compile(r"(?:\s|--[^\n]*\n|(?:pragma|with|use)\s[^;]*;)*", re.IGNORECASE)
_EQUALITY = re.compile(r'\bfunction\s*"/?="', re.IGNORECASE)
_END = re.compile(r"^end\s+Main\s*;", re.MULTILINE | re.IGNORECASE)


class Ada(PlannedLanguage):
    """Ada 2022 with GNAT."""

    name = "adb"
    title = "Ada"
    aliases = ("ada",)
    extension = ".adb"
    package = "gnat"
    fences = ("ada", "adb")
    stop_tokens = ("\n   end ",)
    comment = "--"
    cost = 0.8
    smoke = (
        "pragma Ada_2022;\n\npackage Placeholder is\n"
        "   function Add (A : Integer; B : Integer) return Integer;\n\nend Placeholder;\n\n"
        "pragma Ada_2022;\n\npackage body Placeholder is\n"
        "   function Add (A : Integer; B : Integer) return Integer is\n   begin\n"
        "      return A + B;\n",
        "\n   end Add;\n\nend Placeholder;\n\npragma Ada_2022;\n"
        "with Placeholder; use Placeholder;\n"
        "\nprocedure Main is\n\n   function Candidate (A : Integer; B : Integer) return Integer"
        " renames Placeholder.Add;\n\nbegin\n   pragma Assert (Candidate (1, 2) = 3);\nend Main;\n",
    )

    def find(self) -> Toolchain | None:
        """GNAT's tools."""
        commands = which("gnatchop", "gnatmake")
        return (
            None
            if commands is None
            else Toolchain(commands, version_line(commands["gnatmake"], "--version"))
        )

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """What the tests rename to their candidate."""
        return tuple(_ENTRY.findall(task.tests))

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer up to where the tests go on: they end the function and the package body."""
        code = super().code_of_answer(task, answer)
        for name in self.entry_points(task):
            ends = list(
                re.finditer(rf"^[ \t]*end\s+{name}\s*;", code, re.MULTILINE | re.IGNORECASE)
            )
            if ends:
                code = code[: ends[-1].start()]
        return code

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Run it, unless the tests would see an equality that the program declares."""
        seen = _BODY.split(program.code, maxsplit=1)[0]
        if _EQUALITY.search(seen):
            return Verdict("Exception", 1, stderr='the package declares a "=" of its own')
        return super().judge(sandbox, program, room)

    def plan(self, program: Program, room: Room) -> Plan:
        """Build the units with assertions, remove the sources, run."""
        source = f"{program.code}\n{judged(program.tests, room)}"
        files = units(source)
        chop = "" if files else f"{self.command('gnatchop')} -q -w program.ada . && "
        script = (
            f"{chop}{self.command('gnatmake')} -q -pipe -gnatW8 -gnatws -gnata -gnateE main.adb"
            f" -o main {'-largs -fuse-ld=gold' if shutil.which('ld.gold') else ''}"  # the faster
            " && rm -f *.ad? *.ali *.o"
        )
        limits = replace(
            room.limits,
            seconds=max(45.0, room.limits.seconds),
            memory_mb=max(4096, room.limits.memory_mb or 0),
        )
        return Plan(
            files=files or {"program.ada": source},
            steps=(
                Step("compile", ("/bin/sh", "-c", script), limits=limits),
                Step("run", ("./main",)),
            ),
        )


def units(source: str) -> dict[str, str] | None:
    """A program of MultiPL-E's three units as files, as gnatchop would write them.

    None if it may have others, or something is said twice: gnatchop takes long, but it parses.
    """
    names = {"placeholder.ads": _SPEC, "placeholder.adb": _BODY, "main.adb": _MAIN}
    starts = [[m.start() for m in pattern.finditer(source)] for pattern in names.values()]
    ends = [m.end() for m in _UNIT_END.finditer(source)]
    if [len(found) for found in starts] != [1, 1, 1] or len(ends) != 3:
        return None
    cuts = [0, *ends]
    for (start,), before, end in zip(starts, cuts[:-1], ends, strict=True):
        if not before <= start < end or not _CONTEXT.fullmatch(source, before, start):
            return None
    if not _CONTEXT.fullmatch(source, ends[-1]):
        return None
    return {n: source[a:b] for n, a, b in zip(names, cuts[:-1], ends, strict=True)}


def judged(tests: str, room: Room) -> str:
    """The tests with assertions that are always checked, and the proof before the end of Main."""
    main = _MAIN.search(tests)
    end = next(iter([*_END.finditer(tests)][-1:]), None)
    if main is None or end is None:
        return tests
    (a, b), (c, d) = masked(room.secret), masked(room.proof_path + "\0")
    proof = _PROOF.format(
        name=fresh_name(), text=numbers(a), text_mask=numbers(b), path=numbers(c),
        path_mask=numbers(d), size=len(a), flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
        mode=0o600,
    )  # fmt: skip
    return (
        f"{tests[: main.start()]}with System;\n"
        f"{tests[main.start() : main.end()]}\n   pragma Assertion_Policy (Check);\n"
        f"{tests[main.end() : end.start()]}{proof}{tests[end.start() :]}"
    )


# By the C library's calls: Ada's own files would take a fifth of the time to compile.
_PROOF = """   declare
      type {name}_Byte is mod 256;
      type {name}_Bytes is array (Standard.Positive range <>) of {name}_Byte
        with Component_Size => 8;
      function {name}_Open (Path : System.Address; Flags, Mode : Standard.Integer)
        return Standard.Integer with Import, Convention => C, External_Name => "open";
      function {name}_Write
        (File : Standard.Integer; Text : System.Address; Length : Standard.Long_Integer)
        return Standard.Long_Integer with Import, Convention => C, External_Name => "write";
      {name}_T : {name}_Bytes := ({text});
      {name}_TM : constant {name}_Bytes := ({text_mask});
      {name}_P : {name}_Bytes := ({path});
      {name}_PM : constant {name}_Bytes := ({path_mask});
      {name}_Written : Standard.Long_Integer;
   begin
      for I in {name}_T'Range loop
         {name}_T (I) := {name}_T (I) xor {name}_TM (I);
      end loop;
      for I in {name}_P'Range loop
         {name}_P (I) := {name}_P (I) xor {name}_PM (I);
      end loop;
      {name}_Written := {name}_Write
        ({name}_Open ({name}_P'Address, {flags}, {mode}), {name}_T'Address, {size});
   end;
"""

LANGUAGE = Ada()
