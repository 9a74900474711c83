"""The command line of tuning: what it refuses, and that it leaves a whole folder or none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from generator import tune
from multipl_e.records import Candidate, Task, Verdict
from multipl_e.tables import write_tasks

TASK = Task("sum", "py", "def f(a, b):\n", "", canonical_solution="    return a + b\n")


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.jsonl"
    write_tasks(path, [TASK])
    return path


def command(method: str, tasks: Path, output: Path, *more: str) -> int:
    """Run the command line; returns its exit code."""
    argv = ["--method", method, "--tasks", str(tasks), "--output", str(output), *more]
    with pytest.raises(SystemExit) as ended:
        tune.main(argv)
    assert isinstance(ended.value.code, int)
    return ended.value.code


class FakeSFT:
    """Stands in for the training: notes what it was given and leaves a file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fails: bool = False) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.fails = fails
        monkeypatch.setattr("generator.sft.train_sft", self)

    def __call__(self, model: str, tasks: Any, folder: Path, *rest: Any) -> dict[str, float]:
        self.calls.append((model, tasks, *rest))
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        if self.fails:
            raise KeyboardInterrupt
        return {"loss": 1.25}


@pytest.mark.parametrize("method", ["rlef"])
def test_methods_to_come_are_named_in_one_sentence(
    method: str, tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(method, tasks, tmp_path / "out") == 2
    message = capsys.readouterr().err
    assert f"does not have the method {method} yet" in message
    assert len(message.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_unknown_method_is_bad_usage(tasks: Path, tmp_path: Path) -> None:
    assert command("grpo", tasks, tmp_path / "out") == 2


def test_setting_out_of_range_is_bad_usage(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("ppo", tasks, tmp_path / "out", "--ppo.gamma", "2") == 2
    assert "gamma is 2" in capsys.readouterr().err


def test_misspelt_key_is_answered_with_the_nearest(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("ppo", tasks, tmp_path / "out", "--ppo.kl_coeff", "0.1") == 2
    assert "--ppo.kl_coef?" in capsys.readouterr().err


def test_missing_task_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("sft", tmp_path / "absent.jsonl", tmp_path / "out") == 2
    assert "absent.jsonl" in capsys.readouterr().err


def test_output_in_the_way_is_kept_unless_told_otherwise(
    tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeSFT(monkeypatch)
    output = tmp_path / "out"
    output.mkdir()
    (output / "old.txt").write_text("old")
    assert command("sft", tasks, output) == 2
    assert (output / "old.txt").exists()
    assert command("sft", tasks, output, "--overwrite", "true") == 0
    assert [path.name for path in output.iterdir()] == ["config.json"]


def test_interrupted_run_leaves_no_folder(
    tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeSFT(monkeypatch, fails=True)
    assert command("sft", tasks, tmp_path / "out") == 130
    assert [path.name for path in tmp_path.iterdir()] == ["tasks.jsonl"]


def test_sft_gets_its_settings_tasks_and_seed(
    tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeSFT(monkeypatch)
    more = ("--sft.learning-rate", "0.001", "--seed", "7", "--model", "M")
    assert command("sft", tasks, tmp_path / "out", *more) == 0
    ((model, given, options, seed),) = fake.calls
    assert (model, [task.key for task in given], seed) == ("M", [TASK.key], 7)
    assert options.learning_rate == 0.001


def test_sft_without_solutions_points_to_ppo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bare.jsonl"
    write_tasks(path, [Task("bare", "py", "def f():\n", "")])
    assert command("sft", path, tmp_path / "out") == 2
    assert "use ppo" in capsys.readouterr().err


class FakeExecutor:
    def judge(self, items: list[tuple[Task, Candidate]]) -> list[Verdict | None]:
        verdicts = {"right": Verdict("OK", 0), "wrong": Verdict("Exception", 1), "lost": None}
        return [verdicts[candidate.text] for _, candidate in items]


def test_reward_is_plus_one_minus_one_or_unknown() -> None:
    reward = tune.execution_reward(FakeExecutor())  # type: ignore[arg-type]
    candidates = [Candidate("sum", "py", text) for text in ("right", "wrong", "lost")]
    scores = reward([TASK] * 3, candidates)
    assert scores[:2] == [1.0, -1.0]
    assert math.isnan(scores[2])
