"""``python -m multipl_e.doctor``: which languages can run here, and how they are isolated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from multipl_e.cli import run_command
from multipl_e.errors import InfrastructureError, UserError
from multipl_e.executors import Executor, Isolation, available_languages, check_isolation
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task

PROG = "python -m multipl_e.doctor"
DESCRIPTION = """Show every language, its toolchain, and whether a small program passes here.

  python -m multipl_e.doctor
  python -m multipl_e.doctor --languages py,js"""

# What version commands say besides the version: builds, dates and sources in brackets.
_ASIDE = re.compile(r"\((?!\d[\d.]*\))[^)]*\)|\[[^\]]*\]")
_VERSION = re.compile(r"(?:([A-Za-z][\w+]*(?:-[a-z]+)*)[\s-]+(?:version\W+)?v?)?(\d+(?:\.\d+)+)")


@dataclass(frozen=True)
class DoctorOptions:
    """What to look at.

    Attributes:
        languages: Only these; all if left out.
        isolation: bubblewrap, or none.
        timeout: Seconds a smoke program may run.
    """

    languages: list[str] | None = None
    isolation: Isolation = "bubblewrap"
    timeout: float = 15.0


@dataclass(frozen=True)
class Finding:
    """One row of the table.

    Attributes:
        name: The language's short name.
        title: The name people use.
        toolchain: Its parts with their version numbers.
        version: All that the toolchain says of its version.
        verdict: Of a small right program, or ``missing`` or ``fails``.
        remedy: What to do about it, or the last thing that was said.
    """

    name: str
    title: str
    toolchain: str
    version: str
    verdict: str
    remedy: str

    @property
    def healthy(self) -> bool:
        """Whether the language can be used."""
        return self.verdict == "OK"


def examine(options: DoctorOptions) -> list[Finding]:
    """Try every language that was asked for."""
    names = [get_language(name).name for name in options.languages or available_languages()]
    findings = []
    with Executor(
        workers=1, timeout=options.timeout, isolation=options.isolation, retries=0
    ) as executor:
        for name in names:
            findings.append(_examine(executor, name))
    return findings


def _examine(executor: Executor, name: str) -> Finding:
    language = get_language(name)
    if language.toolchain is None:
        remedy = f"install {language.package}"
        if not language.verified:
            remedy += "; never tried with this code"
        return Finding(name, language.title, "-", "", "missing", remedy)
    version = language.toolchain.version
    toolchain = brief(version)
    solution, tests = language.smoke
    task = Task("smoke", name, "", tests)
    candidate = Candidate("smoke", name, solution, form="solution")
    try:
        (verdict,) = executor.judge([(task, candidate)])
    except InfrastructureError as error:
        return Finding(name, language.title, toolchain, version, "fails", str(error)[:200])
    status = verdict.status if verdict else "fails"
    said = (verdict.stderr.strip().splitlines() or [""])[-1] if verdict else ""
    remedy = "" if status == "OK" else said[:200]
    return Finding(name, language.title, toolchain, version, status, remedy)


def brief(version: str) -> str:
    """What a toolchain says of its version, without the rest: ``clojure 1.11.1``."""
    found = _VERSION.findall(_ASIDE.sub("", version))
    named = (
        f"{word} {number}" if word not in ("", "compiler") else number for word, number in found
    )
    return ", ".join(dict.fromkeys(named)) or version[:24]


def run(options: DoctorOptions) -> None:
    """The command: a table, and how programs are isolated."""
    console = Console()
    try:
        isolation = check_isolation(options.isolation)
    except UserError as error:
        console.print(f"isolation: {error}", markup=False)
        raise UserError("no sandbox here, so nothing was tried") from None
    console.print(f"isolation: {isolation}", markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("language", "name", "toolchain", "verdict"):
        table.add_column(heading, no_wrap=True)
    table.add_column("remedy", overflow="fold")
    findings = examine(options)
    for finding in findings:
        colour = "green" if finding.healthy else "yellow"
        table.add_row(
            finding.title,
            finding.name,
            finding.toolchain,
            f"[{colour}]{finding.verdict}[/]",
            escape(finding.remedy),
        )
    console.print(table)
    console.print(f"{sum(f.healthy for f in findings)} of {len(findings)} languages can run here")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Entry point."""
    run_command(DoctorOptions, run, prog=PROG, description=DESCRIPTION, argv=argv)


if __name__ == "__main__":
    main()
