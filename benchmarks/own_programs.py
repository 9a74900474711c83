"""The contract tests' programs (`tests/multipl_e/contract`), each with the statuses it may get."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from multipl_e.languages import get_language
from multipl_e.records import Candidate, Form, Task

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "multipl_e" / "contract"

Row = tuple[Task, Candidate, tuple[str, ...]]


def own_languages() -> list[str]:
    """Languages that have such programs."""
    return sorted(path.stem for path in FOLDER.glob("*.py"))


def programs(language: str) -> dict[str, Any]:
    """What a language's file defines."""
    return runpy.run_path(str(FOLDER / f"{language}.py"))


def own_rows(language: str) -> list[Row]:
    """Programs for the language's smoke tests, and those for tasks of their own."""
    module = programs(language)
    return [*_smoke_rows(language, module["PROGRAMS"]), *_task_rows(language, module)]


def _smoke_rows(language: str, table: dict[str, list[str]]) -> Iterator[Row]:
    tests = get_language(language).smoke[1]
    for status, programs in table.items():
        for number, code in enumerate(programs):
            name = f"{status}-{number}"
            candidate = Candidate(name, language, code, form="solution")
            yield Task(name, language, "", tests), candidate, tuple(status.split("|"))


def _task_rows(language: str, module: dict[str, Any]) -> Iterator[Row]:
    """Rows of ``TASKS``: name, prompt, tests, and completions by the status they must get."""
    for name, prompt, tests, table in module.get("TASKS", ()):
        task = Task(name, language, prompt, tests)
        for status, completions in table.items():
            for code in completions:
                form: Form = "completion" if prompt else "solution"
                candidate = Candidate(name, language, code, form=form)
                yield task, candidate, tuple(status.split("|"))
