"""The released APPS+ file as tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from multipl_e.errors import UserError
from multipl_e.executors import Executor
from multipl_e.records import Candidate
from multipl_e.sources import load_tasks

STDIN = {
    "id": 1,
    "prompt": "Double a number.",
    "starter_code": "def main():\n",
    "inputs": ["2\n", "5\n"],
    "outputs": ["4\n", "10\n"],
    "canonical_solution": "def main():\n    print(2 * int(input()))\n",
    "difficulty": "interview",
}
CALLED = {
    "id": 2,
    "prompt": "Double a number.",
    "starter_code": "def f(x):\n\t",
    "inputs": [[2], [5]],
    "outputs": [[4], [10]],
    "canonical_solution": "def f(x):\n    return 2 * x\n",
}


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(content))
    return path


def test_both_kinds_of_problem_pass_with_their_own_solutions(tmp_path: Path) -> None:
    tasks = load_tasks("apps-plus", path=written(tmp_path, [STDIN, CALLED]))
    assert [task.difficulty for task in tasks] == ["interview", None]
    assert all(task.prompt.endswith(":\n") for task in tasks)
    right = [(t, Candidate(t.name, "py", t.canonical_solution or "")) for t in tasks]
    wrong = [(t, Candidate(t.name, "py", "    return print(4) or 4\n")) for t in tasks]
    with Executor(workers=1) as executor:
        verdicts = executor.judge(right + wrong)
    assert [v and v.passed for v in verdicts] == [True, True, False, False]


def test_an_object_of_problems_is_read_like_a_list(tmp_path: Path) -> None:
    tasks = load_tasks("apps-plus", path=written(tmp_path, {"a": STDIN, "b": CALLED}))
    assert [task.name for task in tasks] == ["APPS_plus_1", "APPS_plus_2"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"canonical_solution": None}, "problem 1: the field 'canonical_solution' is missing"),
        ({"outputs": ["4\n"]}, "the field 'outputs' has 1 entries for 2 inputs"),
        ({"canonical_solution": "def g(): pass"}, "does not define main"),
        ({"canonical_solution": "print 1"}, "is no Python program"),
        ({"starter_code": "x = 1"}, "names no function"),
        ({"difficulty": "hard"}, "the field 'difficulty' must be one of"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        load_tasks("apps-plus", path=written(tmp_path, [STDIN | change]))


def test_a_file_is_asked_for_and_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--path FILE"):
        load_tasks("apps-plus")
    with pytest.raises(UserError, match="there is no such file"):
        load_tasks("apps-plus", path=tmp_path / "none.json")
