"""Helpers of the tests that judge programs (loaded by path: tests are no package)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from multipl_e.executors import Executor
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task, Verdict

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from own_programs import own_languages as own_languages
from own_programs import own_rows as own_rows
from own_programs import programs as programs
from shared_rows import reference_rows as reference_rows


def judge(
    executor: Executor,
    language: str,
    code: str,
    tests: str,
    *,
    prompt: str = "",
    coverage: bool = False,
) -> Verdict:
    """The verdict on one program: a completion of `prompt`, or a whole solution."""
    form = "completion" if prompt else "solution"
    task = Task("t", language, prompt, tests)
    candidate = Candidate("t", language, code, form=form)
    return judge_row(executor, task, candidate, coverage=coverage)


def judge_row(
    executor: Executor, task: Task, candidate: Candidate, *, coverage: bool = False
) -> Verdict:
    """The verdict on a candidate; skips where its language cannot run."""
    if get_language(task.language).toolchain is None:
        pytest.skip(f"the toolchain of {task.language} is missing")
    (verdict,) = executor.judge([(task, candidate)], coverage=coverage)
    assert verdict is not None, executor.failures
    return verdict
