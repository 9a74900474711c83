"""The curation end to end: every defect under its reason, what is kept passes, it resumes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from multipl_e.curate import CurateOptions, curate
from multipl_e.errors import UserError
from multipl_e.executors import Executor
from multipl_e.records import Candidate
from multipl_e.tables import read_tasks


@dataclasses.dataclass
class Curated:
    options: CurateOptions
    summary: dict[str, Any]

    def rows(self, name: str) -> list[dict[str, Any]]:
        text = (self.options.output / name).read_text()
        return [json.loads(line) for line in text.splitlines()]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def curated(apps_rows: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Curated:
    folder = tmp_path_factory.mktemp("curated")
    source = write(folder / "apps.jsonl", [row for _, row in apps_rows.raw_rows()])
    options = CurateOptions(output=folder / "out", path=str(source), timeout=8, workers=4)
    return Curated(options, curate(options))


def test_every_row_meets_the_fate_it_must(curated: Curated, apps_rows: ModuleType) -> None:
    wanted = {f"APPS_train_{i}": reason for i, (reason, _) in enumerate(apps_rows.raw_rows())}
    assert len(wanted) >= 60
    found = {row["name"]: "kept" for row in curated.rows("tasks.jsonl")}
    found |= {row["name"]: row["reason"] for row in curated.rows("review.jsonl")}
    assert found == wanted


def test_the_summary_counts_every_problem_once(curated: Curated, apps_rows: ModuleType) -> None:
    summary = curated.summary
    assert summary["problems"] == len(apps_rows.raw_rows())
    assert summary["kept"] + sum(summary["dropped"].values()) == summary["problems"]
    levels = summary["per_difficulty"]
    assert sum(n for reasons in levels.values() for n in reasons.values()) == summary["problems"]


def test_the_review_shows_what_was_given_expected_and_got(curated: Curated) -> None:
    details = {r["detail"] for r in curated.rows("review.jsonl") if r["reason"] == "mismatch"}
    assert "given: '2\\n'\nexpected: '5\\n'\ngot: '4\\n'" in details


def test_kept_tasks_are_rows_that_tell_right_from_wrong(curated: Curated) -> None:
    tasks = read_tasks(curated.options.output / "tasks.jsonl")
    right = [(t, Candidate(t.name, "py", t.canonical_solution or "")) for t in tasks]
    wrong = [(t, Candidate(t.name, "py", "def f(x): return ...", form="solution")) for t in tasks]
    with Executor(workers=2, timeout=8) as executor:
        verdicts = executor.judge(right + wrong)
    assert [v is not None and v.passed for v in verdicts] == [True] * len(tasks) + [False] * len(
        tasks
    )


def test_the_page_shows_the_counts(curated: Curated) -> None:
    page = (curated.options.output / "report.html").read_text()
    assert f"{curated.summary['kept']} of {curated.summary['problems']} problems" in page
    assert "nondeterministic" in page and "<svg" in page


def test_what_was_judged_is_not_judged_again(
    curated: Curated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a program was run")

    monkeypatch.setattr(Executor, "stream", refuse)
    lost = curated.options.output / "tasks.jsonl"
    before = lost.read_text()
    lost.unlink()
    assert curate(curated.options) == curated.summary
    assert lost.read_text() == before


def test_a_folder_of_another_curation_is_refused(curated: Curated) -> None:
    other = dataclasses.replace(curated.options, timeout=9)
    with pytest.raises(UserError, match="other timeout"):
        curate(other)


def test_a_row_of_something_else_is_named(tmp_path: Path) -> None:
    source = write(tmp_path / "t.jsonl", [{"problem_id": 1, "question": "", "solutions": ""}])
    with pytest.raises(UserError, match=r"t\.jsonl, line 1: the field 'input_output' is missing"):
        curate(CurateOptions(output=tmp_path / "out", path=str(source)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        curate(CurateOptions(output=tmp_path / "out", path=str(tmp_path / "no.jsonl")))
