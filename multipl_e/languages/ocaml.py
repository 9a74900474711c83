"""OCaml: candidate and tests as compilation units of their own, compiled to bytecode."""

from __future__ import annotations

import re
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
from multipl_e.languages.proofs import masked, numbers
from multipl_e.languages.versions import version_line
from multipl_e.records import Task

_ENTRY = re.compile(r"\bcandidate\s*=\s*([\w']+)\s+in\b")
_SHOWN = re.compile(
    r"^let\s+(?:\(\)|_|main)\s*(?:\(\)\s*)?=.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL
)


class OCaml(PlannedLanguage):
    """OCaml, as its bytecode compiler takes it."""

    name = "ml"
    title = "OCaml"
    aliases = ("ocaml",)
    extension = ".ml"
    package = "ocaml-nox"
    fences = ("ocaml", "ml")
    stop_tokens = ("\n\n", "\n(*", "\ntype", "\nlet")
    comment = "(*"
    cost = 0.1
    smoke = (
        "(**Adds.\n*)\nlet add (a : int) (b : int) : int = a + b\n",
        "\nlet assertions =\n let candidate = add in\n  (assert ((candidate 1 2) = 3));\n  ()\n",
    )

    def find(self) -> Toolchain | None:
        """The compiler to bytecode and the machine that runs it."""
        commands = which("ocamlc", "ocamlrun")
        return (
            None
            if commands is None
            else Toolchain(commands, version_line(commands["ocamlc"], "-version"))
        )

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """What the tests call their candidate."""
        return tuple(_ENTRY.findall(task.tests))

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer without examples of its own."""
        return _SHOWN.sub("", super().code_of_answer(task, answer))

    def plan(self, program: Program, room: Room) -> Plan:
        """Compile both units, remove their files, run."""
        compiler = self.command("ocamlc")
        script = f"{compiler} -w -a -o program candidate.ml main.ml && rm -f *.ml *.cm*"
        limits = replace(room.limits, seconds=max(45.0, room.limits.seconds))
        return Plan(
            files={
                "candidate.ml": re.sub(
                    r"^#(?:use|load|require)\b.*$", "", program.code, flags=re.M
                ),
                "main.ml": main_unit(program.tests, room),
            },
            steps=(
                Step("compile", ("/bin/sh", "-c", script), limits=limits),
                Step("run", (self.command("ocamlrun"), "program")),
            ),
        )


def main_unit(tests: str, room: Room) -> str:
    """The tests with OCaml's own operators, and the proof behind them."""
    tests = _ENTRY.sub(r"candidate = Candidate.\1 in", tests)
    (a, b), (c, d) = masked(room.secret), masked(room.proof_path)

    def joined(left: list[int], right: list[int]) -> str:
        pairs = f"[{numbers(left, ';')}] [{numbers(right, ';')}]"
        return (
            '(String.concat "" (List.map2 (fun a b -> String.make 1 (Char.chr (a lxor b)))'
            f" {pairs}))"
        )

    return (
        f"{tests}\n;;\nlet () =\n  let file = open_out_bin {joined(c, d)} in\n"
        f"  output_string file {joined(a, b)};\n  close_out file\n"
    )


LANGUAGE = OCaml()
