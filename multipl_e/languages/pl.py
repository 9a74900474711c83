"""Perl: the tests run in a process of their own and ask the candidate's for values."""

from __future__ import annotations

import re
from typing import Any

from multipl_e.languages.base import Program, Toolchain, first_line, which
from multipl_e.languages.split import SplitLanguage
from multipl_e.records import Task

_DEFINED = re.compile(r"^\s*sub\s+([A-Za-z_]\w*)", re.MULTILINE)
_CALLED = re.compile(r"\$candidate\s*=\s*\\&(\w+)")


class Perl(SplitLanguage):
    """Perl with Test::Deep."""

    name = "pl"
    title = "Perl"
    aliases = ("perl",)
    extension = ".pl"
    package = "perl, libtest-deep-perl"
    fences = ("perl", "pl")
    stop_tokens = ("\nsub", "\n#", "\n\n")
    comment = "#"
    cost = 0.1
    interpreter = "perl"
    marks_memory = ("Out of memory",)
    smoke = (
        "sub add {\n    my ($a, $b) = @_;\n    return $a + $b;\n}\n",
        "use Test::Deep;\n\n\nsub testhumaneval {\n    my $candidate = \\&add;\n"
        '        if(eq_deeply($candidate->(1, 2),3)) {\n        print "ok!" }else{\n'
        "        exit 1;\n        }\n}\n\ntesthumaneval();\n",
    )

    def find(self) -> Toolchain | None:
        """Perl, if Test::Deep is there as well."""
        commands = which("perl")
        if commands is None:
            return None
        perl = commands["perl"]
        deep = first_line(perl, "-MTest::Deep", "-e", 'print "Test::Deep $Test::Deep::VERSION"')
        if not deep.startswith("Test::Deep "):
            return None
        return Toolchain(commands, f"{first_line(perl, '-e', 'print $^V')}, {deep}")

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt, and what the tests call their candidate."""
        return tuple(
            dict.fromkeys([*_DEFINED.findall(task.prompt)[-1:], *_CALLED.findall(task.tests)])
        )

    def split(self, program: Program) -> tuple[str, Any]:
        """The candidate, with a mark at the end of its file that it was loaded whole."""
        told = {"tests": program.tests, "names": list(program.entry_points)}
        return f"{program.code}\n;$Judge::loaded = 1;\n", told


LANGUAGE = Perl()
