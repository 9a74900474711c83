"""Every language: right is OK, wrong is not, and no way out of a program passes for right."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from multipl_e.executors import Executor
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task


def _load(name: str, path: str):  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


judging = _load("judging", "judging.py")
LANGUAGES = judging.own_languages()
CASES = [
    pytest.param(*row, id=f"{language}-{row[0].name}-{number}")
    for language in LANGUAGES
    for number, row in enumerate(judging.own_rows(language))
]


# Programs without an end need not be waited for; for the others a busy machine gets time enough.
SHORT, LONG = 2.0, 30.0


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=1, timeout=LONG, output_mb=4) as executor:
        yield executor


@pytest.fixture(scope="module")
def impatient() -> Iterator[Executor]:
    with Executor(workers=1, timeout=SHORT, output_mb=4) as executor:
        yield executor


@pytest.mark.parametrize(("task", "candidate", "expected"), CASES)
def test_status(
    executor: Executor,
    impatient: Executor,
    task: Task,
    candidate: Candidate,
    expected: tuple[str, ...],
) -> None:
    ends = "Timeout" not in expected
    verdict = judging.judge_row(executor if ends else impatient, task, candidate)
    assert verdict.status in expected, verdict


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_smoke_program_passes_and_its_lines_are_known(
    executor: Executor, language: str
) -> None:
    code, tests = get_language(language).smoke
    verdict = judging.judge(executor, language, code, tests, coverage=True)
    assert verdict.status == "OK", verdict
    body = next(n for n, line in enumerate(code.splitlines(), 1) if "+" in line)
    assert verdict.executed_lines is None or body in verdict.executed_lines


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["verdicts", "twins"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_agrees_with_the_reference_except_on_early_exits(
    shared_data: Path, language: str, kind: str
) -> None:
    if get_language(language).toolchain is None:
        pytest.skip(f"the toolchain of {language} is missing")
    if not (shared_data / "verdicts" / f"{kind}-{language}.jsonl").exists():
        pytest.skip(f"the shared data have no {kind} of {language}")
    rows = judging.reference_rows(shared_data, language, kind)
    with Executor(timeout=5) as executor:
        verdicts = executor.judge([(task, candidate) for task, candidate, _ in rows])
    for (_, _, row), verdict in zip(rows, verdicts, strict=True):
        expected = row["status"] == "OK" and row.get("kind") != "early-exit"
        assert verdict is not None and verdict.passed == expected, (row["name"], verdict)
