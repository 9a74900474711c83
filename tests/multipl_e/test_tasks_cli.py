"""The command that exports tasks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multipl_e.tables import read_tasks
from multipl_e.tasks import main, merge_repeated


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_katas_are_exported_as_multipl_e_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "katas.jsonl"
    assert run("--source", "katas", "--split", "test", "--language", "js", "--num-tasks", "7",
               "--seed", "3", "--output", str(file)) == 0  # fmt: skip
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(rows) == 7
    assert all({"name", "language", "prompt", "tests", "stop_tokens"} <= set(row) for row in rows)
    assert {row["language"] for row in rows} == {"js"}
    assert "7 problems, 7 rows (js 7; test 7)" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize(
    "words", [("--language", "py,js"), ("--language", "py", "--language=js"), ()]
)
def test_languages_may_be_listed_or_repeated(tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "katas.parquet"
    assert run(*words, "--num-tasks", "2", "--output", str(file)) == 0
    assert [task.language for task in read_tasks(file)] == ["py", "js"] * 2


def test_exported_tasks_are_read_back_as_they_were(tmp_path: Path) -> None:
    first, second = tmp_path / "first.parquet", tmp_path / "second.jsonl.gz"
    assert run("--operations", "novel", "--num-tasks", "4", "--output", str(first)) == 0
    assert run("--source", "jsonl", "--path", str(first), "--output", str(second)) == 0
    assert read_tasks(second) == read_tasks(first)
    assert all(task.extra["novel"] for task in read_tasks(first))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--source", "katta"), "did you mean katas?"),
        (("--source", "jsonl", "--path", "nowhere.jsonl"), "nowhere.jsonl"),
        (("--source", "jsonl", "--seed", "1"), "takes no option seed"),
        (("--split", "dev"), "split"),
        (("--language", "cobol"), "unknown language 'cobol'"),
        (("--language", "python,java"), "'java'"),
        (("--num-tasks", "0"), "1 or more"),
        (("--num-task", "3"), "--num-tasks"),
        (("--language",), "language"),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    file = tmp_path / "out.jsonl"
    assert run("--output", str(file), *words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not file.exists()


def test_repeated_options_are_merged_and_others_kept() -> None:
    words = ["--language", "py", "--seed", "1", "--language=js"]
    assert merge_repeated(words, "--language") == ["--seed", "1", "--language", "py,js"]
    assert merge_repeated(["--seed", "1"], "--language") == ["--seed", "1"]
