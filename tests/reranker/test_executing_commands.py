"""The commands that run candidates before they pick, through their command lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multipl_e.cli import run_command
from multipl_e.records import Candidate, Task, Verdict
from multipl_e.tables import write_labelled, write_tasks
from reranker import combine, curves, select
from reranker.combination import FILE_NAME, Combination
from reranker.model import new_reranker, save_reranker

CONFIGS = {
    select: select.SelectConfig,
    combine: combine.CombineConfig,
    curves: curves.CurvesConfig,
}
# Right, right under another name, wrong in two ways.
TEXTS = ("    return 0\n", "    return x + 1\n", "    y = x\n    return y + 1\n", "    return x\n")


def run(module, *arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        run_command(
            CONFIGS[module],
            module.main,
            prog="command",
            description="",
            argv=[str(a) for a in arguments],
        )
    return int(stop.value.code or 0)


@pytest.fixture
def files(tmp_path: Path) -> list[object]:
    tasks = [
        Task(f"t{i}", "py", "def f(x):\n", "assert f(3) == 4", public_tests="assert f(1) == 2")
        for i in range(4)
    ]
    rows = [
        (Candidate(t.name, "py", text, i), Verdict("OK" if i in (1, 2) else "Exception", 0))
        for t in tasks
        for i, text in enumerate(TEXTS)
    ]
    write_tasks(tmp_path / "tasks.jsonl", tasks)
    write_labelled(tmp_path / "labelled.parquet", rows)
    samples = ["f(1) == 2\nassert f(5) == 6\n", "f(1) == 7\nassert import os\n"]
    written = [json.dumps({"name": t.name, "samples": samples}) for t in tasks]
    (tmp_path / "written.jsonl").write_text("\n".join(written))
    return ["--tasks", tmp_path / "tasks.jsonl", "--candidates", tmp_path / "labelled.parquet"]


@pytest.fixture
def model(base: Path, tmp_path: Path) -> Path:
    save_reranker(*new_reranker(base)[:2], tmp_path / "reranker")
    return tmp_path / "reranker"


def picked(path: Path) -> set[int]:
    return {json.loads(line)["sample"] for line in path.read_text().splitlines()}


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("public", {1}),
        ("public+shortest", {1}),
        ("consensus", {1}),
        ("mbr", {1}),
        ("mbr_mean", {1}),
    ],
)
def test_candidates_are_run_where_the_strategy_needs_it(files, tmp_path, strategy, expected):
    output = tmp_path / "picks.jsonl"
    tests = ["--tests", tmp_path / "written.jsonl"]
    assert run(select, *files, "--output", output, "--strategy", strategy, *tests) == 0
    assert picked(output) == expected


def test_combine_fits_weights_that_select_uses(files, model, tmp_path, capfd):
    tests = ["--tests", tmp_path / "written.jsonl"]
    common = ["--output", tmp_path / "picks.jsonl", "--strategy", "combined", "--model", model]
    assert run(select, *files, *common, *tests) == 2
    assert "reranker.combine" in capfd.readouterr().err
    assert run(combine, *files, "--model", model, *tests) == 0
    combination = Combination.load(model)
    assert combination is not None and combination.num_tasks == 4
    assert (model / FILE_NAME).exists()
    assert run(select, *files, *common, *tests) == 0
    assert picked(tmp_path / "picks.jsonl") <= {1, 2}


def test_curves_say_how_many_samples_are_needed(files, tmp_path, capfd):
    output = tmp_path / "curves.json"
    arguments = ["--strategies", "random,public,frequent", "--targets", "0.9,1.0"]
    assert run(curves, *files, "--output", output, *arguments) == 0
    written = json.loads(output.read_text())
    assert written["curves"]["random"]["value"] == pytest.approx([0.5] * 3)
    assert written["curves"]["public"]["value"][-1] == 1.0
    assert written["samples_needed"]["oracle"]["1.0"]["value"] <= 4
    assert written["samples_needed"]["random"]["0.9"]["value"] is None
    assert "more than 4" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--strategy", "consensus"], "--tests"),
        (["--strategy", "consensus", "--tests", "/nowhere.jsonl"], "no such file"),
        (["--strategy", "combined"], "needs a reranker"),
        (["--strategy", "reward+likelihood"], "two models"),
        (["--strategy", "public", "--timeout", "0"], "above 0"),
    ],
)
def test_mistakes_are_one_sentence(files, tmp_path, capfd, arguments, complaint):
    assert run(select, *files, "--output", tmp_path / "p.jsonl", *arguments) == 2
    error = capfd.readouterr().err
    assert complaint in error and "Traceback" not in error


def test_tasks_without_public_tests_are_named_and_so_are_damaged_tests(files, tmp_path, capfd):
    write_tasks(
        tmp_path / "tasks.jsonl", [Task(f"t{i}", "py", "def f(x):\n", "") for i in range(4)]
    )
    common = [*files, "--output", tmp_path / "p.jsonl", "--strategy"]
    assert run(select, *common, "public") == 2
    assert "public_tests" in capfd.readouterr().err
    (tmp_path / "written.jsonl").write_text('{"name": "t0", "samples": "text"}')
    assert run(select, *common, "consensus", "--tests", tmp_path / "written.jsonl") == 2
    assert "a list of texts" in capfd.readouterr().err
