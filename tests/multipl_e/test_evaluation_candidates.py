"""Forms in which people have their samples."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from multipl_e.errors import UserError
from multipl_e.evaluation.candidates import candidates_of_tasks
from multipl_e.records import Candidate, Task, TaskKey

FIRST = Task("HumanEval_0_f", "py", "def f(x):\n", "f(1)", extra={"task_id": "HumanEval/0"})
SECOND = Task("mbpp_11_g", "py", "def g(x):\n", "g(1)", extra={"task_id": "Mbpp/11"})
TASKS: dict[TaskKey, Task] = {task.key: task for task in (FIRST, SECOND)}


def read(path: Path) -> list[Candidate]:
    return list(candidates_of_tasks(path, TASKS))


def written(folder: Path, *rows: object) -> Path:
    path = folder / "samples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_evalplus_samples_find_their_tasks(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"task_id": "HumanEval/0", "solution": "def f(x): return x"},
        {"task_id": "HumanEval/0", "completion": "    return x"},
        {"task_id": "Mbpp/11", "solution": "def g(x): return x"},
        {"task_id": 11, "completion": "    return x"},
    )
    assert [(c.task, c.form, c.index) for c in read(path)] == [
        ("HumanEval_0_f", "solution", 0),
        ("HumanEval_0_f", "completion", 1),
        ("mbpp_11_g", "solution", 0),
        ("mbpp_11_g", "completion", 1),
    ]


@pytest.mark.parametrize("ending", ["json", "json.gz"])
def test_generations_of_the_bigcode_harness(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"generations.{ending}"
    content = json.dumps([["def f(x):\n    return x", "def f(y): return y"], []]).encode()
    path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    assert [(c.task, c.form, c.text, c.index) for c in read(path)] == [
        ("HumanEval_0_f", "completion", "    return x", 0),
        ("HumanEval_0_f", "solution", "def f(y): return y", 1),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([["a"], ["b"], ["c"]], "generations for 3 tasks, and there are 2"),
        (["a", "b"], "a list of lists of programs"),
    ],
)
def test_generations_that_fit_no_tasks_are_refused(
    tmp_path: Path, content: object, said: str
) -> None:
    path = tmp_path / "generations.json"
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=said):
        read(path)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"task_id": "HumanEval/7", "solution": ""}, "no py task named 'HumanEval/7'"),
        ({"name": "mbpp_11_h", "language": "py", "solution": ""}, "did you mean 'mbpp_11_g'"),
        ({"name": "mbpp_11_g", "language": "js", "solution": ""}, "in js, and the tasks are in py"),
        ({"task_id": "HumanEval/0"}, "line 1: the field 'completion' is missing"),
    ],
)
def test_a_sample_of_no_task_is_named(tmp_path: Path, row: object, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(written(tmp_path, row))
