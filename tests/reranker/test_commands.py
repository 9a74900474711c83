from __future__ import annotations

import json
from pathlib import Path

import pytest

from multipl_e.cli import run_command
from multipl_e.records import Candidate
from multipl_e.tables import read_candidates, write_candidates, write_labelled, write_tasks
from reranker import select, train
from reranker.model import new_reranker, save_reranker
from reranker.scoring import Scorer


def run(module, *arguments: object) -> int:
    config = train.TrainConfig if module is train else select.SelectConfig
    with pytest.raises(SystemExit) as stop:
        run_command(
            config, module.main, prog="command", description="", argv=[str(a) for a in arguments]
        )
    return int(stop.value.code or 0)


@pytest.fixture
def files(tmp_path: Path, toy_group) -> dict[str, Path]:
    groups = [toy_group(i) for i in range(10)]
    names = {name: tmp_path / name for name in ("tasks.jsonl", "labelled.parquet", "out")}
    write_tasks(names["tasks.jsonl"], [task for task, _ in groups])
    write_labelled(names["labelled.parquet"], [row for _, rows in groups for row in rows])
    return names


@pytest.fixture
def trained(base: Path, files, tmp_path: Path) -> Path:
    quick = "--training.max_steps 8 --training.eval_every 4 --training.learning_rate 3e-3"
    assert run(
        train, "--candidates", files["labelled.parquet"], "--tasks", files["tasks.jsonl"],
        "--model", base, "--output", tmp_path / "reranker", "--valid_share", 0.4,
        "--training.muon_learning_rate", 1e-2, *quick.split(),
    ) == 0  # fmt: skip
    return tmp_path / "reranker"


def pick_rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_train_then_select_picks_passing_programs(trained: Path, files, tmp_path: Path):
    picks = tmp_path / "picks.jsonl"
    assert run(
        select, "--model", trained, "--tasks", files["tasks.jsonl"],
        "--candidates", files["labelled.parquet"], "--output", picks,
    ) == 0  # fmt: skip
    rows = pick_rows(picks)
    assert [row["name"] for row in rows] == [f"task_{i}" for i in range(10)]
    assert all("return" in row["completion"] for row in rows)
    assert all(row["probability"] > 0.5 and not row["abstained"] for row in rows)
    assert [c.index for c in read_candidates(picks)] == [row["sample"] for row in rows]


def test_abstention_marks_improbable_picks(trained: Path, files, tmp_path: Path):
    picks = tmp_path / "picks.jsonl"
    wrong = [Candidate(f"task_{i}", "py", f"    raise {'abc'[i]}0\n") for i in range(3)]
    write_candidates(tmp_path / "wrong.jsonl", wrong)
    common = ["--model", trained, "--tasks", files["tasks.jsonl"], "--output", picks]
    assert (
        run(select, *common, "--candidates", tmp_path / "wrong.jsonl", "--abstain_below", 0.5) == 0
    )
    assert all(row["abstained"] for row in pick_rows(picks))


def test_each_pick_names_the_candidates_that_were_cut(trained: Path, files, tmp_path: Path, capfd):
    long = [Candidate("task_0", "py", "    return 1\n" * n, i) for i, n in enumerate((1, 40, 2))]
    write_candidates(tmp_path / "long.jsonl", long)
    common = [
        "--model", trained, "--tasks", files["tasks.jsonl"], "--output", tmp_path / "picks.jsonl",
        "--candidates", tmp_path / "long.jsonl",
    ]  # fmt: skip
    assert run(select, *common) == 0
    assert pick_rows(tmp_path / "picks.jsonl")[0]["truncated"] == [1]
    assert "cut (--truncation left): 1" in capfd.readouterr().err
    assert run(select, *common, "--truncation", "error") == 2
    assert "choose a truncation" in capfd.readouterr().err


def test_strategies_without_a_model_need_none(files, tmp_path: Path):
    picks = tmp_path / "picks.parquet"
    assert run(
        select, "--tasks", files["tasks.jsonl"], "--candidates", files["labelled.parquet"],
        "--strategy", "shortest", "--output", picks,
    ) == 0  # fmt: skip
    assert len(read_candidates(picks)) == 10


def test_likelihood_takes_a_language_model(base: Path, files, tmp_path: Path):
    picks = tmp_path / "picks.jsonl"
    assert run(
        select, "--tasks", files["tasks.jsonl"], "--candidates", files["labelled.parquet"],
        "--strategy", "likelihood", "--model", base, "--output", picks,
    ) == 0  # fmt: skip
    assert all(row["probability"] is None for row in pick_rows(picks))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--strategy", "rewad"], "did you mean reward"),
        (["--strategy", "reward"], "needs a reranker"),
        (["--strategy", "shortest", "--abstain_below", "0.5"], "calibrated reranker"),
        (["--strategy", "shortest", "--abstain_below", "1.5"], "from 0 to 1"),
        (["--strategy", "logprob"], "no token log-probabilities"),
        (["--model", "/nowhere"], "no model folder at /nowhere"),
        (["--strategy", "shortest", "--max_batch_tokens", "0"], "1 or more"),
    ],
)
def test_mistakes_of_select_are_one_sentence(files, tmp_path: Path, capfd, arguments, complaint):
    code = run(
        select, "--tasks", files["tasks.jsonl"], "--candidates", files["labelled.parquet"],
        "--output", tmp_path / "picks.jsonl", *arguments,
    )  # fmt: skip
    error = capfd.readouterr().err
    assert code == 2
    assert complaint in error and "Traceback" not in error
    assert not (tmp_path / "picks.jsonl").exists()


def test_uncalibrated_reranker_cannot_abstain(base: Path, files, tmp_path: Path, capfd):
    save_reranker(*new_reranker(base)[:2], tmp_path / "r")
    assert Scorer(tmp_path / "r").calibration is None
    code = run(
        select, "--tasks", files["tasks.jsonl"], "--candidates", files["labelled.parquet"],
        "--output", tmp_path / "p.jsonl", "--model", tmp_path / "r", "--abstain_below", 0.5,
    )  # fmt: skip
    assert code == 2
    assert "calibrates" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--model", "/nowhere"], "no model folder"),
        (["--candidates", "/nowhere.jsonl"], "no such file"),
        (["--valid_share", "1"], "below 1"),
        (["--training.max_step", "3"], "training.max_steps"),
        (["--training.groups_per_step", "0"], "groups_per_step"),
        (["--tasks", ""], "--tasks"),
    ],
)
def test_mistakes_of_train_are_one_sentence(base, files, tmp_path, capfd, arguments, complaint):
    code = run(
        train, "--candidates", files["labelled.parquet"], "--tasks", files["tasks.jsonl"],
        "--model", base, "--output", tmp_path / "r", *arguments,
    )  # fmt: skip
    error = capfd.readouterr().err
    assert code == 2
    assert complaint in error and "Traceback" not in error
    assert not (tmp_path / "r").exists()
