"""The evaluation's page: what it says, what it hides, and that nothing in it is executed."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from multipl_e.evaluation.comparison import compare
from multipl_e.evaluation.failures import quotas
from multipl_e.evaluation.outliers import Outliers
from multipl_e.evaluation.report import write_report
from multipl_e.evaluation.summary import Tally
from multipl_e.records import Candidate, Task

NASTY = '</script><img src=x onerror="alert(1)"><!-- <script> & {{ 7 * 7 }} \u2028'
Row = dict[str, Any]


def rows(num_tasks: int = 4, samples: int = 3) -> list[tuple[Task, Candidate, Row]]:
    made = []
    for number in range(num_tasks):
        for language in ("py", "js"):
            task = Task(f"task_{number}", language, f"def f{number}(x):\n", "f(1)\n")
            for index in range(samples):
                status = ("OK", "Exception", "Timeout")[(number + index) % 3]
                row = {
                    "name": task.name,
                    "language": language,
                    "index": index,
                    "status": status,
                    "exit_code": int(status != "OK"),
                    "stdout": "",
                    "stderr": f"said {NASTY}",
                    "seconds": 0.1 * (number + 1),
                }
                candidate = Candidate(task.name, language, f"    return {number}{index}\n", index)
                made.append((task, candidate, row))
    return made


def summary_of(results: list[tuple[Task, Candidate, Row]]) -> dict[str, Any]:
    tally = Tally()
    for _, _, row in results:
        tally.add((row["name"], row["language"]), row["status"], row["seconds"])
    return tally.summary((1, 2))


def page_of(path: Path, results: list[tuple[Task, Candidate, Row]], **options: Any) -> str:
    write_report(path, summary_of(results), results, timeout=15.0, **options)
    return path.read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    content: dict[str, Any] = json.loads(text)
    return content


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_has_the_figures_of_the_summary(tmp_path: Path) -> None:
    page = page_of(tmp_path / "report.html", rows())
    assert "8 of 24 candidates pass (8 tasks in 2 languages): pass@1 is 33.3 %." in page
    for words in ("pass@2", "Python", "JavaScript", "Timeout (8)", "Slowest tasks", "task_3 · js"):
        assert words in page, words


def test_nothing_is_fetched_and_nothing_of_a_program_is_interpreted(tmp_path: Path) -> None:
    results = rows()
    results[1][2]["name"] = NASTY
    task = Task(NASTY, "py", NASTY, NASTY)
    results[1] = (task, Candidate(NASTY, "py", NASTY, form="solution"), results[1][2])
    page = page_of(tmp_path / "report.html", results)
    tags = Tags(page).seen
    assert "img" not in {tag for tag, _ in tags}
    assert sum(tag == "script" for tag, _ in tags) == 2
    for name in ("src", "href", "srcset", "action"):
        assert all((attrs.get(name) or "#").startswith("#") for _, attrs in tags)
    shown = next(row for row in data_of(page)["rows"] if "onerror" in row["name"])
    assert html.unescape(re.sub(r"<[^>]*>", "", shown["code"])) == NASTY


def test_failures_carry_code_and_error_and_passes_do_not(tmp_path: Path) -> None:
    data = data_of(page_of(tmp_path / "report.html", rows()))
    assert len(data["rows"]) == 16
    assert {row["status"] for row in data["rows"]} == {"Exception", "Timeout"}
    first = data["rows"][0]
    assert "01" in first["code"] and first["stderr"].startswith("said </script>")
    assert data["tasks"][first["task"]]["tests"] == "f(1)"


def test_of_many_failures_some_are_shown_from_everywhere(tmp_path: Path) -> None:
    results = rows(num_tasks=60)
    page = page_of(tmp_path / "report.html", results, max_failures=40)
    shown = data_of(page)["rows"]
    assert len(shown) == 40
    assert "40 of 240 are shown" in page and "200 are left out" in page
    assert {(row["language"], row["status"]) for row in shown} == {
        (language, status) for language in ("py", "js") for status in ("Exception", "Timeout")
    }
    numbers = [int(row["name"].removeprefix("task_")) for row in shown]
    assert min(numbers) < 12 and max(numbers) > 50


def test_small_groups_are_shown_whole() -> None:
    counts = {("py", "Timeout"): 3, ("py", "Exception"): 500, ("js", "Exception"): 500}
    assert quotas(counts, 103) == {
        ("py", "Timeout"): 3,
        ("py", "Exception"): 50,
        ("js", "Exception"): 50,
    }


def test_the_same_results_give_the_same_page(tmp_path: Path) -> None:
    assert page_of(tmp_path / "a.html", rows()) == page_of(tmp_path / "b.html", rows())


def test_an_evaluation_without_failures_has_no_list(tmp_path: Path) -> None:
    page = page_of(tmp_path / "report.html", [r for r in rows() if r[2]["status"] == "OK"])
    assert 'id="data"' not in page and "<p>None.</p>" in page


def test_tasks_whose_verdicts_hang_on_a_limit_are_named() -> None:
    outliers = Outliers(timeout=10.0)
    for status, seconds in (("OK", 6.0), ("OK", 0.1), ("Timeout", 10.0), (None, None)):
        outliers.add({"name": "late", "language": "py", "status": status, "seconds": seconds})
    outliers.add({"name": "quick", "language": "py", "status": "OK", "seconds": 0.1})
    table = outliers.flakiest()
    assert table is not None
    ((heading, cells),) = table.rows
    assert heading.label == "late · py"
    assert [cell.value for cell in cells] == ["3", "1", "1", "0", "1"]
    slowest = outliers.slowest()
    assert slowest is not None and slowest.rows[0][0].label == "late · py"


def evaluation(folder: Path, results: list[Row], candidates: str = "same") -> Path:
    folder.mkdir()
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in results))
    settings = {"tasks": "t", "candidates": candidates}
    (folder / "evaluation.json").write_text(json.dumps(settings))
    return folder


@pytest.mark.parametrize(("candidates", "changed"), [("same", 4), ("other", None)])
def test_a_comparison_is_paired_by_task(
    tmp_path: Path, candidates: str, changed: int | None
) -> None:
    here = [row for _, _, row in rows()]
    there = [dict(row) for row in here]
    for row in there:
        if row["language"] == "py" and row["status"] == "OK":
            row["status"] = "Exception"
    first = evaluation(tmp_path / "a", here)
    found = compare(first, evaluation(tmp_path / "b", there, candidates))
    by_language = {row.language: row for row in found.rows}
    python = by_language["py"]
    assert (python.tasks, python.better, python.worse) == (4, 4, 0)
    assert python.difference.value == pytest.approx(1 / 3)
    assert by_language["js"].difference.value == 0 and by_language["js"].p_value == 1.0
    assert by_language["overall"].tasks == 8
    assert found.num_changed == changed
    assert set(found.direction.values()) == {0, 1}
    page = page_of(tmp_path / "report.html", rows(), comparison=found)
    assert "worse here" in page and "+33.3" in page
    assert {row["sign"] for row in data_of(page)["rows"]} == {0, 1}
