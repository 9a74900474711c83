"""Bash: the tests run in a shell of their own and ask the candidate's for what it prints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from multipl_e import sandbox as sandboxes
from multipl_e.languages import shape
from multipl_e.languages.base import Program, Toolchain, first_line, which
from multipl_e.languages.split import SplitLanguage
from multipl_e.records import Task, Verdict

_DEFINED = re.compile(r"^(?:function\s+)?([A-Za-z_]\w*)\s*\(\)\s*\{", re.MULTILINE)
_CALLED = re.compile(r'^candidate\(\)\s*\{\s*([A-Za-z_]\w*)\s+"\$@"', re.MULTILINE)
_BRACE = re.compile(r"\s*\}[ \t]*(?:\n|$)")
_SYNTAX = re.compile(r"syntax error|unexpected EOF|unexpected end of file")
_UNSAFE = re.compile(rb"[^\w.,:;=+/@-]")
_TRACED = re.compile(r"^@+(\d+)@ ", re.MULTILINE)


class Bash(SplitLanguage):
    """Bash."""

    name = "sh"
    title = "Bash"
    aliases = ("bash", "shell")
    extension = ".sh"
    package = "bash, bc, gawk"
    fences = ("bash", "sh", "shell")
    stop_tokens = ("\n}",)
    comment = "#"
    cost = 0.1
    interpreter = "bash"
    smoke = (
        '#!/bin/bash\n# $1 and $2 are integers\nadd() {\n    echo "$(($1 + $2))"\n',
        '}\n\ncandidate() {\n    add "$@"\n}\n\nset -e\nrun_test() {\n'
        '    [[ $(candidate "1" "2") = "3" ]]\n}\n\nrun_test\n',
    )

    def find(self) -> Toolchain | None:
        """Bash and the tools that programs call."""
        commands = which("bash", "bc", "awk")
        if commands is None:
            return None
        return Toolchain(commands, first_line(commands["bash"], "--version"))

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt, and what the tests call their candidate."""
        return tuple(
            dict.fromkeys([*_DEFINED.findall(task.prompt)[-1:], *_CALLED.findall(task.tests)])
        )

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer, with a block at its end for the tests to close where they begin so."""
        code = super().code_of_answer(task, answer)
        return f"{code}\n{{\n:\n" if shape.is_closed(code, task.tests, self.name) else code

    def split(self, program: Program) -> tuple[str, Any]:
        """The candidate closed and followed by its server; the tests without their first brace."""
        tests = program.tests
        brace = _BRACE.match(tests)
        code = program.code + "\n" + (brace.group() if brace else "")
        tests = tests[brace.end() :] if brace else tests
        return code + "\n" + _serve(), " ".join([escaped(tests), *program.entry_points])

    def command_line(self, judge_path: str, name: str, *, coverage: bool) -> tuple[str, ...]:
        """The candidate is a script that serves by itself."""
        return (self.command("bash"), name)

    def coverage_env(self, judge_path: str) -> dict[str, str]:
        """Bash traces itself."""
        return {"BASH_ENV": f"{judge_path}/inside/sh_coverage.sh"}

    def executed_lines(self, collected: Mapping[str, str]) -> tuple[int, ...] | None:
        """Line numbers in Bash's trace."""
        found = _TRACED.findall(collected.get("coverage.txt", ""))
        return tuple(sorted({int(n) for n in found})) or None

    def verdict_of(self, report: Mapping[str, Any]) -> Verdict:
        """As other languages; a script that did not load for its syntax says so."""
        verdict = super().verdict_of(report)
        loaded = (report["outcome"] or {}).get("loaded", True)
        if verdict.status == "Exception" and not loaded and _SYNTAX.search(report["stderr"]):
            return replace(verdict, status="SyntaxError")
        return verdict


def escaped(text: str) -> str:
    """`text` as one word for Bash's ``printf %b`` (a tool that decodes is one more process)."""
    data = text.encode("utf-8", "surrogatepass")
    return _UNSAFE.sub(lambda byte: b"\\x%02x" % byte[0][0], data).decode("ascii")


def _serve() -> str:
    return (Path(sandboxes.__file__).parent / "inside" / "sh_serve.sh").read_text()


LANGUAGE = Bash()
