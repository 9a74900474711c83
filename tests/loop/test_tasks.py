"""A run's tasks: which languages, how many, and how they are split."""

import dataclasses
import json
from pathlib import Path

import pytest

from loop import tasks as run_tasks
from loop.config import RunConfig, TasksConfig
from loop.tasks import load_run_tasks, split_by_name, usable_languages
from multipl_e.errors import UserError
from multipl_e.executors import LanguageStatus


def status(name: str, available: bool) -> LanguageStatus:
    return LanguageStatus(name, name.upper(), available, "1", f"{name}-package", True)


@pytest.fixture
def only_python(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"py": status("py", True), "js": status("js", False)}
    monkeypatch.setattr(run_tasks, "available_languages", lambda: found)


def config(**tasks: object) -> RunConfig:
    return RunConfig(tasks=TasksConfig(**tasks))  # type: ignore[arg-type]


@pytest.mark.usefixtures("only_python")
def test_a_language_without_toolchain_is_left_out_with_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert usable_languages(config(languages=["py", "js"])).tasks.languages == ["py"]
    assert "js-package" in capsys.readouterr().err


@pytest.mark.usefixtures("only_python")
def test_no_usable_language_is_the_users_problem() -> None:
    with pytest.raises(UserError, match="doctor"):
        usable_languages(config(languages=["js"]))


@pytest.mark.usefixtures("only_python")
def test_an_unknown_language_is_named() -> None:
    with pytest.raises(UserError, match="'cobol' is not known"):
        usable_languages(config(languages=["cobol"]))


def test_katas_come_in_the_numbers_asked_for_with_languages_alternating() -> None:
    tasks = load_run_tasks(config(num_train=8, num_valid=4, num_test=6))
    assert [sum(t.split == s for t in tasks) for s in ("train", "valid", "test")] == [8, 4, 6]
    assert sum(task.language == "js" for task in tasks) == 9


def test_another_seed_gives_other_katas() -> None:
    first = load_run_tasks(config(num_train=8, num_valid=4, num_test=6))
    other = dataclasses.replace(config(num_train=8, num_valid=4, num_test=6), seed=1)
    assert {t.name for t in first} != {t.name for t in load_run_tasks(other)}


def rows(path: Path, names: list[str], **fields: str) -> Path:
    row = {"language": "py", "prompt": "def f():\n", "tests": "", "stop_tokens": [], **fields}
    path.write_text("".join(json.dumps({"name": name, **row}) + "\n" for name in names))
    return path


def test_a_file_without_splits_is_split_by_name(tmp_path: Path) -> None:
    file = rows(tmp_path / "tasks.jsonl", [f"task_{i}" for i in range(100)])
    tasks = load_run_tasks(config(source="jsonl", file=str(file), languages=["py"]))
    assert {task.split for task in tasks} == {"train", "valid", "test"}
    assert all(task.split == split_by_name(task.name) for task in tasks)


def test_a_file_too_small_for_three_splits_is_refused(tmp_path: Path) -> None:
    file = rows(tmp_path / "tasks.jsonl", ["only"])
    with pytest.raises(UserError, match="the loop needs train, valid and test"):
        load_run_tasks(config(source="jsonl", file=str(file), languages=["py"]))
