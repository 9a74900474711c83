"""Ruby: the tests run in a process of their own and ask the candidate's for values."""

from __future__ import annotations

import re
from typing import Any

from multipl_e.languages.base import Program, Toolchain, first_line, which
from multipl_e.languages.split import SplitLanguage
from multipl_e.languages.versions import version_line
from multipl_e.records import Task

_DEFINED = re.compile(r"^\s*def\s+([A-Za-z_]\w*[?!]?)", re.MULTILINE)
_CALLED = re.compile(r"\bmethod\(:(\w+[?!]?)\)")


class Ruby(SplitLanguage):
    """Ruby with test-unit."""

    name = "rb"
    title = "Ruby"
    aliases = ("ruby",)
    extension = ".rb"
    package = "ruby, ruby-test-unit"
    fences = ("ruby", "rb")
    stop_tokens = ("\nclass", "\ndef", "\n#", "\n\n")
    comment = "#"
    cost = 0.15
    interpreter = "ruby"
    flags = ("--disable=did_you_mean,error_highlight",)
    marks_memory = ("failed to allocate memory", "NoMemoryError")
    smoke = (
        "def add(a, b)\n  a + b\nend\n",
        "require 'test/unit'\nclass TestHumanEval < Test::Unit::TestCase\n  def test_add\n"
        "    candidate = method(:add)\n    assert_equal(3, candidate.call(1, 2))\n  end\nend\n",
    )

    def find(self) -> Toolchain | None:
        """Ruby, if test-unit is there as well."""
        commands = which("ruby")
        if commands is None:
            return None
        there = first_line(
            commands["ruby"],
            *self.flags,
            *("-e", "require 'test/unit'; puts :yes; STDOUT.flush; exit!"),
        )
        if there != "yes":
            return None
        return Toolchain(commands, version_line(commands["ruby"], "--version"))

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt, and what the tests call their candidate."""
        return tuple(
            dict.fromkeys([*_DEFINED.findall(task.prompt)[-1:], *_CALLED.findall(task.tests)])
        )

    def split(self, program: Program) -> tuple[str, Any]:
        """The candidate as it is."""
        return program.code, {"tests": program.tests, "names": list(program.entry_points)}


LANGUAGE = Ruby()
