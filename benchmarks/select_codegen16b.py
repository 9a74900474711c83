"""Every selection strategy on 100 real samples of 82 problems, with model-written tests.

82 HumanEval problems, 100 samples of CodeGen-16B and 100 texts of tests by the same model for each.
No strategy sees a hidden test: the learned parts (reranker, weights of the combination) are
cross-fitted over problems, twice nested, so that no label of a problem reaches what picks for it,
not even through the scores that the weights are fitted on.

    python benchmarks/select_codegen16b.py --data DIR --work DIR

DIR of `--data` holds tasks.jsonl, candidates.jsonl and generated_tests.jsonl. What was executed is
kept in `--work`; the figures are written beside the other results.
"""

from __future__ import annotations

import ast
import dataclasses
import pickle
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from machine import provenance
from numpy.typing import NDArray
from replay_codegen16b import folds_of
from select_reranker import fit_and_score, text_features

from multipl_e.cli import run_command
from multipl_e.executors import Executor
from multipl_e.files import write_json, write_text
from multipl_e.metrics import best_of_k, bootstrap_interval, paired_difference
from multipl_e.progress import progress, say
from multipl_e.records import Candidate, Score, Task, Verdict
from multipl_e.tables import read_candidates, read_labelled, read_tasks, write_labelled
from reranker.calibration import Calibration, expected_calibration_error, fit_calibration
from reranker.combination import FEATURES, fit_combination
from reranker.curves import (
    finite,
    points,
    samples_needed_interval,
    sizes_up_to,
    strategy_curve,
)
from reranker.executions import Executions, execute, read_written_tests
from reranker.selection import Choices, get_strategy

RESULTS = Path(__file__).parent / "results" / "select_codegen16b"
PUBLISHED = "consensus, each test once"
OURS = "combined"
CURVES = ("random", "frequent", "reward", "consensus", "combined", "public+combined")
TARGETS = (0.3, 0.4, 0.5)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SelectBenchmark:
    """The experiment's settings.

    Attributes:
        data: Folder with tasks.jsonl, candidates.jsonl and generated_tests.jsonl.
        work: Folder for what was executed; a second start goes on from there.
        timeout: Seconds that a candidate may run.
        workers: Candidates run at a time.
        num_folds: Folds over problems.
        seeds: Each shuffles the folds.
        num_draws: Random subsets per n of the curves.
    """

    data: str
    work: str
    timeout: float = 10.0
    workers: int | None = None
    num_folds: int = 5
    seeds: tuple[int, ...] = (0, 1, 2)
    num_draws: int = 10


Labels = list[list[bool]]
Groups = list[tuple[Task, list[Candidate]]]


def main(config: SelectBenchmark) -> None:
    """Execute what is not there yet, fit, pick and write the figures."""
    work = Path(config.work)
    work.mkdir(parents=True, exist_ok=True)
    groups, labels = labelled(config, work)
    executions = executed(config, work, groups)
    plain = [
        Choices(task, candidates, executions=execution)
        for (task, candidates), execution in zip(groups, executions, strict=True)
    ]
    per_task: dict[str, Floats] = {
        "random": np.array([np.mean(passed) for passed in labels]),
        "oracle": np.array([float(any(passed)) for passed in labels]),
    }
    once = [dataclasses.replace(c, executions=_each_test_once(c.executions)) for c in plain]
    for name in ("shortest", "frequent", "public", "mbr", "mbr_mean"):
        per_task[name] = picks(name, plain, labels)
    for name in ("consensus", "consensus_sqrt"):
        per_task[f"{name}, each test once"] = picks(name, once, labels)
        per_task[name] = picks(name, plain, labels)
    per_task["public+consensus"] = picks("public+consensus", plain, labels)
    features = text_features([[c.text for c in candidates] for _, candidates in groups])
    learned: dict[str, list[Floats]] = {}
    weights, last = [], plain
    for seed in config.seeds:
        last, fitted = cross_fitted(config, plain, labels, features, seed)
        weights += fitted
        for name in ("reward", "consensus+reward", "combined", "public+reward", "public+combined"):
            learned.setdefault(name, []).append(picks(name, last, labels))
    per_task |= {name: np.mean(values, axis=0) for name, values in learned.items()}
    result = {
        **provenance(),
        "num_tasks": len(groups),
        "num_candidates": sum(map(len, labels)),
        "num_tests": [len(execution.tests) for execution in executions],
        "best_of_100": {n: bootstrap_interval(v).to_dict() for n, v in per_task.items()},
        "minus_published": {
            name: paired_difference(values, per_task[PUBLISHED]).to_dict()
            for name, values in per_task.items()
            if name != PUBLISHED
        },
        "per_seed": {n: [float(v.mean()) for v in values] for n, values in learned.items()},
        "weights": {
            name: float(np.mean([w[i] for w in weights])) for i, name in enumerate(FEATURES)
        },
        "ece_of_reranker": calibration_error(last, labels),
        **curves(config, last, labels),
        "learned": "logistic model on reduced token n-grams (benchmarks/select_reranker.py)",
    }
    write_json(RESULTS.with_suffix(".json"), result)
    write_text(RESULTS.with_suffix(".md"), markdown(result))
    say(f"combined {result['best_of_100'][OURS]}; wrote {RESULTS.name}")


def labelled(config: SelectBenchmark, work: Path) -> tuple[Groups, Labels]:
    """Problems with their candidates, and whether each passes the hidden tests."""
    tasks = {task.key: with_public_tests(task) for task in read_tasks(f"{config.data}/tasks.jsonl")}
    path = work / "labelled.parquet"
    if not path.exists():
        candidates = list(read_candidates(f"{config.data}/candidates.jsonl"))
        items = [(tasks[candidate.task_key], candidate) for candidate in candidates]
        with _executor(config) as executor, progress("hidden tests", len(items)) as advance:
            verdicts = executor.judge(items, on_done=advance)
        write_labelled(path, [(c, v) for c, v in zip(candidates, verdicts, strict=True) if v])
    found: dict[Any, list[tuple[Candidate, Verdict]]] = {key: [] for key in tasks}
    for candidate, verdict in read_labelled(path):
        found[candidate.task_key].append((candidate, verdict))
    groups = [(tasks[key], [c for c, _ in rows]) for key, rows in found.items()]
    return groups, [[v.passed for _, v in rows] for rows in found.values()]


def with_public_tests(task: Task) -> Task:
    """The task with the examples of the original prompt as public tests (none if it has none)."""
    original, name = str(task.extra["original_prompt"]), str(task.extra["entry_point"])
    examples = re.findall(rf">>> ({name}\(.*\))\n\s+(?!>>>)(\S.*)\n", original)
    lines = [f"assert {call} == {value}" for call, value in examples if _is_literal(value)]
    return dataclasses.replace(task, public_tests="\n".join(lines) or None)


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True


def executed(config: SelectBenchmark, work: Path, groups: Groups) -> list[Executions]:
    """What public and model-written tests and calls say of each candidate."""
    path = work / "executions.pickle"
    if not path.exists():
        samples = read_written_tests(f"{config.data}/generated_tests.jsonl")
        total = sum(len(candidates) for _, candidates in groups)
        with _executor(config) as executor, progress("probes", total) as advance:
            found = execute(executor, groups, {"public", "tests", "calls"}, samples, advance)
        path.write_bytes(pickle.dumps(found))
    loaded: list[Executions] = pickle.loads(path.read_bytes())
    return loaded


def _executor(config: SelectBenchmark) -> Executor:
    return Executor(workers=config.workers, timeout=config.timeout)


def _each_test_once(executions: Executions) -> Executions:
    tests = [dataclasses.replace(test, count=1) for test in executions.tests]
    return dataclasses.replace(executions, tests=tests)


def picks(name: str, every: Sequence[Choices], labels: Labels) -> Floats:
    """Of each problem, the chance that the strategy's pick passes; equal values share."""
    strategy = get_strategy(name)
    return np.array(
        [best_of_k(strategy(c), y, len(y)) for c, y in zip(every, labels, strict=True)], np.float64
    )


def cross_fitted(
    config: SelectBenchmark,
    plain: Sequence[Choices],
    labels: Labels,
    features: Sequence[Floats],
    seed: int,
) -> tuple[list[Choices], list[tuple[float, ...]]]:
    """Choices with the scores and weights of models that saw no label of the problem."""
    found = list(plain)
    weights = []
    folds = folds_of(len(plain), config.num_folds, seed)
    for held_out in folds:
        rest = [i for i in range(len(plain)) if i not in set(held_out)]
        inner: dict[int, Floats] = {}
        for part in folds_of(len(rest), config.num_folds, seed + 1):
            left_out = [rest[i] for i in part]
            train = [i for i in rest if i not in set(left_out)]
            inner |= zip(left_out, fit_and_score(features, labels, train, left_out), strict=True)
        calibration = fit_calibration([(inner[i].tolist(), labels[i]) for i in rest])
        assert calibration is not None

        def scored(i: int, values: Floats, calibrate: Calibration = calibration) -> Choices:
            chances = calibrate(values)
            scores = [Score(v, p) for v, p in zip(values.tolist(), chances.tolist(), strict=True)]
            return dataclasses.replace(plain[i], scores=scores)

        combination = fit_combination([(scored(i, inner[i]), labels[i]) for i in rest])
        assert combination is not None
        weights.append(combination.weights)
        outer = fit_and_score(features, labels, rest, held_out)
        for i, values in zip(held_out, outer, strict=True):
            found[i] = dataclasses.replace(scored(i, values), combination=combination)
    return found, weights


def calibration_error(every: Sequence[Choices], labels: Labels) -> float:
    """Expected calibration error of the cross-fitted probabilities."""
    chances = [score.probability for c in every for score in c.scores or ()]
    return expected_calibration_error(np.array(chances, np.float64), np.concatenate(labels))


def curves(config: SelectBenchmark, every: Sequence[Choices], labels: Labels) -> dict[str, Any]:
    """Best-of-n curves, and how many samples are needed for a pass rate."""
    sizes = sizes_up_to(max(map(len, labels)))
    drawn, needed = {}, {}
    for name in CURVES:
        each = np.stack(
            [
                strategy_curve(name, c, y, sizes, num_draws=config.num_draws)
                for c, y in zip(every, labels, strict=True)
            ]
        )
        drawn[name] = points(sizes, each)
        needed[name] = {
            str(target): finite(samples_needed_interval(sizes, each, target)) for target in TARGETS
        }
    return {"curves": drawn, "samples_needed": needed}


def markdown(result: Mapping[str, Any]) -> str:
    """The figures as tables that a person reads."""

    def interval(cell: Mapping[str, float | None] | None, digits: int = 3) -> str:
        if cell is None:
            return ""
        value, low, high = (
            "> 100" if cell[end] is None else f"{cell[end]:.{digits}f}"
            for end in ("value", "low", "high")
        )
        return f"{value} [{low}, {high}]"

    lines = [
        "# Best of 100 CodeGen-16B samples, by every strategy",
        "",
        f"{result['num_tasks']} HumanEval problems, {result['num_candidates']} samples, "
        f"{sum(result['num_tests'])} model-written tests. Learned parts are cross-fitted over "
        "problems. Intervals are 95 % bootstrap intervals over problems; differences are paired. "
        "`public` means the examples of the original prompts, which the sampled prompts lack: "
        "rows with it know more than the others.",
        "",
        f"    {result['command']}",
        "",
        f"| pick by | passes | minus {PUBLISHED} |",
        "|---|---|---|",
    ]
    order = sorted(result["best_of_100"].items(), key=lambda item: item[1]["value"])
    for name, cell in order:
        lines.append(
            f"| {name} | {interval(cell)} | {interval(result['minus_published'].get(name))} |"
        )
    targets = [str(target) for target in TARGETS]
    lines += [
        "",
        "Samples needed for a pass rate:",
        "",
        "| pick by | " + " | ".join(targets) + " |",
        "|---|" + "---|" * len(targets),
    ]
    for name, cells in result["samples_needed"].items():
        row = " | ".join(interval(cells[target], 0) for target in targets)
        lines.append(f"| {name} | {row} |")
    weights = ", ".join(f"{name} {value:.2f}" for name, value in result["weights"].items())
    lines += [
        "",
        f"Mean weights of the combination: {weights}. Reranker: {result['learned']}; expected "
        f"calibration error {result['ece_of_reranker']:.3f}.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    run_command(SelectBenchmark, main, prog=Path(sys.argv[0]).name, description=__doc__ or "")
