"""R: the tests run in a process of their own and ask the candidate's for values."""

from __future__ import annotations

import os
import re
import shutil
from typing import Any

from multipl_e.languages.base import Program, Toolchain, first_line
from multipl_e.languages.split import SplitLanguage
from multipl_e.records import Task
from multipl_e.sandbox import SandboxSpec

_DEFINED = re.compile(r"^\s*([A-Za-z.][\w.]*)\s*(?:<-|=)\s*function\b", re.MULTILINE)
_CALLED = re.compile(r"\bcandidate\s*(?:<-|=)\s*([A-Za-z.][\w.]*)\s*$", re.MULTILINE)


class R(SplitLanguage):
    """R with its own packages only."""

    name = "r"
    title = "R"
    aliases = ("rlang",)
    extension = ".R"
    package = "r-base-core"
    fences = ("r", "rscript")
    stop_tokens = ("\n#", "\n```")
    comment = "#"
    cost = 0.2
    interpreter = "R"
    flags = ("--vanilla", "--no-echo")
    marks_memory = ("cannot allocate vector of size", "memory exhausted")
    smoke = (
        "add <- function(a, b) {\n    return(a + b)\n}\n",
        "test_humaneval <- function() {\n    candidate <- add\n"
        "    stopifnot(isTRUE(all.equal(candidate(1, 2), 3)))\n}\ntest_humaneval()",
    )

    def find(self) -> Toolchain | None:
        """R's own binary: the command of that name is a shell script around it."""
        script = shutil.which("R")
        home = first_line(script, "RHOME") if script else ""
        binary = os.path.join(home, "bin", "exec", "R")
        if not os.path.isfile(binary):
            return None
        return Toolchain({"R": binary}, first_line(str(script), "--version"))

    def sandbox(self) -> SandboxSpec:
        """The warm judge, and what the shell script would tell the binary."""
        home = self.command("R").removesuffix("/bin/exec/R")
        return SandboxSpec(
            read_only=tuple(filter(os.path.isdir, ("/etc/R",))),
            env={"R_HOME": home},
            services=self.services(),
            extra_memory_mb=128,
        )

    def script(self, path: str) -> tuple[str, ...]:
        """R wants its script behind an equals sign, and says where the arguments begin."""
        return (f"--file={path}", "--args")

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt, and what the tests call their candidate."""
        return tuple(
            dict.fromkeys([*_DEFINED.findall(task.prompt)[-1:], *_CALLED.findall(task.tests)])
        )

    def split(self, program: Program) -> tuple[str, Any]:
        """The candidate as it is; tests and names in hexadecimal (R itself reads no JSON)."""
        told = (program.tests, *program.entry_points)
        words = [text.encode("utf-8", "surrogatepass").hex() for text in told]
        return program.code + "\n", " ".join(words)


LANGUAGE = R()
