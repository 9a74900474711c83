"""PHP: the tests run in a process of their own and ask the candidate's for values."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

from multipl_e.languages.base import Program, Toolchain, first_line, which
from multipl_e.languages.split import SplitLanguage
from multipl_e.languages.versions import version_line
from multipl_e.records import Task

_DEFINED = re.compile(r"^\s*function\s+&?([A-Za-z_]\w*)\s*\(", re.MULTILINE)
_CALLED = re.compile(r"return\s+([A-Za-z_]\w*)\(\.\.\.\$args\)")
_SETTINGS = ("display_errors=stderr", "log_errors=0", "html_errors=0", "memory_limit=768M")
_COVERAGE = ("-d", "extension=pcov", "-d", "pcov.enabled=1", "-d", "pcov.directory=/")
_EXTENSIONS = ("calendar", "ctype", "gmp", "bcmath", "iconv", "mbstring", "posix", "tokenizer")


class Php(SplitLanguage):
    """PHP's command line."""

    name = "php"
    title = "PHP"
    extension = ".php"
    package = "php-cli, php-pcov (for executed lines)"
    fences = ("php",)
    stop_tokens = ("\nfunction", "\n?>", "\n//", "\n#")
    cost = 0.1
    interpreter = "php"
    marks_memory = ("Allowed memory size of",)
    smoke = (
        "<?php\nfunction add($a, $b) {\n    return $a + $b;\n}\n",
        "function candidate(...$args) {\n    return add(...$args);\n}\n\n"
        "function test(): void {\n    if (candidate(1, 2) !== 3) {"
        ' throw new Exception("Test failed!"); }\n}\n\ntest();\n',
    )

    def find(self) -> Toolchain | None:
        """PHP on the path."""
        commands = which("php")
        if commands is None:
            return None
        return Toolchain(commands, version_line(commands["php"], "-n", "--version"))

    @functools.cached_property
    def flags(self) -> tuple[str, ...]:  # type: ignore[override]
        """No configuration of the machine's, but the extensions that Debian enables."""
        folder = first_line(self.command("php"), "-n", "-r", "echo ini_get('extension_dir');")
        found = [name for name in _EXTENSIONS if (Path(folder) / f"{name}.so").is_file()]
        settings = [*_SETTINGS, *(f"extension={name}" for name in found)]
        return ("-n", *(word for setting in settings for word in ("-d", setting)))

    def command_line(self, judge_path: str, name: str, *, coverage: bool) -> tuple[str, ...]:
        """Executed lines come from an extension, which is loaded for them alone."""
        php, *rest = super().command_line(judge_path, name, coverage=coverage)
        return (php, *(_COVERAGE if coverage else ()), *rest)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt, and what the tests call."""
        return tuple(
            dict.fromkeys([*_DEFINED.findall(task.prompt)[-1:], *_CALLED.findall(task.tests)])
        )

    def split(self, program: Program) -> tuple[str, Any]:
        """The candidate as it is; a closing tag of its own may come before the tests."""
        code = program.code
        if not code.lstrip().startswith("<?"):
            code = f"<?php\n{code}"
        return code, {"tests": program.tests, "names": list(program.entry_points)}


LANGUAGE = Php()
