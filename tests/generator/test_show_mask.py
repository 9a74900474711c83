"""The viewer of executed tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator import show_mask
from multipl_e.records import Candidate, Task
from multipl_e.tables import write_candidates, write_tasks

TESTS = "def check(candidate):\n    assert candidate(1) == 2\n\ncheck(f)\n"
TASK = Task("double", "py", "def f(x):\n", TESTS, canonical_solution="    return x + x\n")
WRITTEN = "    if x > 5:\n        return 0\n    return 2 * x\n"


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    write_tasks(tmp_path / "tasks.jsonl", [TASK])
    return tmp_path / "tasks.jsonl"


def shown(tasks: Path, candidate: object, *more: str) -> int:
    argv = ["--task", str(tasks), "--candidate", str(candidate), *more]
    with pytest.raises(SystemExit) as ended:
        show_mask.main(argv)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_what_did_not_run_is_marked(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "program.txt").write_text(WRITTEN)
    assert shown(tasks, tmp_path / "program.txt") == 0
    heading, code = capsys.readouterr().out.split("\n", 1)
    assert heading.startswith("double (py): OK, reward +1.0, ")
    assert code.rstrip("\n") == ("def f(x):\n    if x > 5:\n[-        return 0\n-]    return 2 * x")


def test_a_candidate_is_found_by_its_index(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = (WRITTEN, "    return (\n")
    rows = [Candidate("double", "py", text, i) for i, text in enumerate(texts)]
    write_candidates(tmp_path / "rows.jsonl", rows)
    assert shown(tasks, tmp_path / "rows.jsonl", "--index", "1") == 0
    out = capsys.readouterr().out
    assert "SyntaxError, reward -1.0" in out
    assert "[-" not in out


@pytest.mark.parametrize("candidate", ["absent.txt", "rows.jsonl"])
def test_what_is_not_there_is_named(
    candidate: str, tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_candidates(tmp_path / "rows.jsonl", [Candidate("other", "py", "")])
    assert shown(tasks, tmp_path / candidate) == 2
    assert candidate in capsys.readouterr().err


def test_a_terminal_gets_styles_and_no_brackets() -> None:
    text = show_mask.marked(["a", "b", "c"], [True, False, True], True)
    assert text.plain == "abc"
    assert [(span.start, span.end) for span in text.spans] == [(1, 2)]
