"""The registry of task sources and the source of files."""

from __future__ import annotations

from pathlib import Path

import pytest

import multipl_e.sources
from multipl_e.errors import UserError
from multipl_e.records import Task
from multipl_e.sources import load_tasks, source_names, source_options
from multipl_e.tables import write_tasks

TASKS = [
    Task("A_0", "py", "def a():\n", "a()", ("\ndef",), split="train"),
    Task("A_0", "js", "function a(){\n", "a();", ("\n//",), split="train"),
    Task("B_1", "py", "def b():\n", "b()", ("\ndef",), split="test"),
]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "tasks.jsonl"
    write_tasks(file, TASKS)
    return file


def test_the_sources_are_the_modules() -> None:
    assert {"katas", "jsonl"} <= set(source_names())


def test_one_file_is_enough_to_add_a_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny_set.py").write_text(
        "from multipl_e.records import Task\n"
        "def load(*, split, languages, size=1):\n"
        "    return [Task(str(i), 'py', '', '') for i in range(size)]\n"
    )
    (tmp_path / "_helper.py").write_text("")
    monkeypatch.setattr(multipl_e.sources, "__path__", [str(tmp_path)])
    assert source_names() == ["tiny-set"]
    assert source_options("tiny-set") == ["size"]
    assert len(load_tasks("tiny-set", size=3)) == 3


def test_an_unknown_source_is_answered_with_the_nearest_and_the_list() -> None:
    with pytest.raises(UserError, match=r"did you mean katas\?.*jsonl.*katas"):
        load_tasks("kata")


def test_an_option_that_the_source_does_not_take_is_refused() -> None:
    with pytest.raises(UserError, match="jsonl takes no option seed; it takes path"):
        load_tasks("jsonl", seed=1)


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "parquet"])
def test_rows_are_read_from_every_kind_of_file(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"tasks.{ending}"
    write_tasks(file, TASKS)
    assert [task.key for task in load_tasks("jsonl", path=file)] == [task.key for task in TASKS]


def test_rows_are_chosen_by_split_and_language(rows: Path) -> None:
    train = load_tasks("jsonl", path=rows, split="train")
    python = load_tasks("jsonl", path=rows, languages=["py"])
    assert [task.key for task in train] == [("A_0", "py"), ("A_0", "js")]
    assert [task.key for task in python] == [("A_0", "py"), ("B_1", "py")]


def test_problems_are_counted_not_rows(rows: Path) -> None:
    assert [t.name for t in load_tasks("jsonl", path=rows, num_tasks=1)] == ["A_0", "A_0"]


def test_a_file_without_what_was_asked_for_says_so(rows: Path) -> None:
    with pytest.raises(UserError, match="no task of what was asked for \\(test js\\)"):
        load_tasks("jsonl", path=rows, split="test", languages=["js"])


def test_the_file_must_be_named() -> None:
    with pytest.raises(UserError, match="--path"):
        load_tasks("jsonl")


def test_katas_come_in_all_their_languages_by_default() -> None:
    tasks = load_tasks("katas", split="test", num_tasks=3)
    assert [task.language for task in tasks] == ["py", "js"] * 3


def test_languages_may_be_named_in_full() -> None:
    tasks = load_tasks("katas", split="test", languages=["Python"], num_tasks=1)
    assert [task.language for task in tasks] == ["py"]


def test_katas_of_an_unknown_split_are_refused() -> None:
    with pytest.raises(UserError, match="train, valid and test"):
        load_tasks("katas", split="dev")


@pytest.mark.shared
def test_published_rows_are_read(shared_data: Path) -> None:
    tasks = load_tasks("jsonl", path=shared_data / "multipl_e" / "humaneval-js.jsonl")
    assert {task.language for task in tasks} == {"js"}
    assert all("deepEqual" in task.tests for task in tasks)
