"""The whole loop from the command line, on the shipped models, with everything made small."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from loop.iterate import summary_line
from loop.store import Stage
from multipl_e.tables import read_pairs
from reranker.scoring import Scorer

SMALL = """
tasks: {languages: [py], num_train: 12, tasks_per_round: 6, num_valid: 4, num_test: 6,
        depths: [1, 2]}
generator: {num_candidates: 4, num_probes: 4, max_new_tokens: 48}
sft: {max_steps: 2}
reranker: {max_steps: 2, eval_every: 1, groups_per_step: 2}
ppo: {num_steps: 1, tasks_per_step: 2, rollouts_per_task: 2, num_minibatches: 1,
      num_reference_tasks: 2, max_new_tokens: 48}
mining: {ppo_tasks: 2}
threads: 2
"""


def command(output: Path, *extra: str) -> list[str]:
    config = output.with_suffix(".yaml")
    config.write_text(SMALL)
    arguments = ["--config", str(config), "--rounds", "2", "--output", str(output), *extra]
    return [sys.executable, "-m", "loop.iterate", *arguments]


def run(output: Path, *extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(output, *extra), capture_output=True, text=True, check=False)


def untimed(report: Any) -> Any:
    """The report without what a clock said."""
    if isinstance(report, dict):
        return {k: untimed(v) for k, v in report.items() if not k.endswith("seconds")}
    return [untimed(item) for item in report] if isinstance(report, list) else report


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("runs") / "whole"
    done = run(output)
    assert done.returncode == 0, done.stderr
    return output


@pytest.mark.slow
def test_a_run_leaves_the_files_of_the_design(finished: Path) -> None:
    names = ["config.yaml", "environment.json", "tasks.parquet", "sft", "report.json"]
    names += ["report.md", "report.html", "reranker"]
    for number in (1, 2):
        parts = ["candidates.parquet", "probes.parquet", "pairs.parquet", "metrics.json"]
        parts += ["trunk", "reranker", "candidate-scores.parquet", "policy"]
        names += [f"round-{number:02d}/{part}" for part in parts]
    assert [name for name in names if not (finished / name).exists()] == []


@pytest.mark.slow
def test_the_report_has_a_round_for_each_with_intervals(finished: Path) -> None:
    report = json.loads((finished / "report.json").read_text())
    assert [entry["round"] for entry in report["rounds"]] == [1, 2]
    assert {"reward", "trunk", "logprob", "frequent", "shortest"} < set(report["strategies"])
    assert set(report["strategies"]) == set(report["curves"])
    for key in ("pass_at_1", "best_of_n", "best_of_n_logprob", "oracle_pass_at_n"):
        figure = report["final"][key]
        assert figure["low"] <= figure["value"] <= figure["high"]


@pytest.mark.slow
def test_the_linked_reranker_scores(finished: Path) -> None:
    good, bad = Scorer(finished / "reranker").score(
        "def solve(n: int) -> int:\n", ["    return n\n", "    zzz(((\n"]
    )
    assert good.value > bad.value


@pytest.mark.slow
def test_later_pairs_hold_the_earlier_ones(finished: Path) -> None:
    first = read_pairs(finished / "round-01" / "pairs.parquet")
    assert read_pairs(finished / "round-02" / "pairs.parquet")[: len(first)] == first


@pytest.mark.slow
def test_a_finished_run_is_not_done_again(finished: Path) -> None:
    before = (finished / "round-02" / "reranker" / "config.json").stat().st_mtime_ns
    assert run(finished).returncode == 0
    assert (finished / "round-02" / "reranker" / "config.json").stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_report(finished: Path, tmp_path: Path) -> None:
    output = tmp_path / "killed"
    process = subprocess.Popen(command(output), stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 300
    while not (output / "round-01" / "reranker").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (output / "report.json").exists()
    resumed = run(output)
    assert resumed.returncode == 0, resumed.stderr
    reports = [json.loads((path / "report.json").read_text()) for path in (finished, output)]
    assert untimed(reports[0]) == untimed(reports[1])


@pytest.mark.slow
def test_another_configuration_is_refused_with_the_difference(finished: Path) -> None:
    refused = run(finished, "--seed", "5")
    assert refused.returncode == 2
    assert "seed was 0, is 5" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--ppo.kl_coeff", "1"], "--ppo.kl_coef"),
        (["--preset", "tinny"], "tiny"),
        (["--generator.model", "./nowhere"], "nowhere"),
        (["--tasks.source", "jsonl", "--tasks.file", "missing.jsonl"], "missing.jsonl"),
        (["--rounds", "zero"], "rounds"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    done = run(tmp_path / "run", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = run(tmp_path / "run", "--dry-run", "true")
    assert done.returncode == 0, done.stderr
    assert "all" in done.stderr
    assert not (tmp_path / "run").exists()


def test_the_summary_line_names_the_stage_and_its_figures() -> None:
    line = summary_line(Stage("sft", "", "", 3.21, {"num_pairs": 1200, "loss": 0.5, "note": "x"}))
    assert line.split() == ["sft", "3.2", "s", "pairs", "1,200,", "loss", "0.500"]
