"""Best of 100 real samples by a learned reranker alone: nothing is executed at pick time.

82 HumanEval problems with 100 samples of CodeGen-16B each go the product's way: replay sampler,
executed labels, pairs, `train_reranker`, `Scorer`, pick. The reranker is cross-fitted over
problems: labels of a problem never reach the reranker that picks for it. Its trunk is trained
here from scratch (`replay_trunk.py`), since the benchmark must run without a pretrained model.
Beside it stands one whose trunk was adapted further, as a language model, to the *unlabelled*
candidates of all problems.

    python benchmarks/replay_codegen16b.py --data DIR --work DIR

DIR of `--data` holds ``tasks.jsonl`` and ``candidates.jsonl``. Finished stages are kept in
`--work`; the figures are written beside the other results.
"""

from __future__ import annotations

import json
import os
import platform
import random
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from replay_baselines import cross_fitted_tfidf, text_consensus
from replay_trunk import TrunkOptions, adapt_trunk, train_trunk

from generator.samplers.replay import ReplaySampler
from multipl_e.cli import run_command
from multipl_e.executors import Executor
from multipl_e.metrics import bootstrap_interval, paired_difference
from multipl_e.progress import progress, say
from multipl_e.tables import read_labelled, read_tasks, write_json, write_labelled
from reranker.data import Group, continuation, group_by_task, make_pairs
from reranker.scoring import Scorer, TrunkScorer
from reranker.selection import Choices, get_strategy
from reranker.train import RerankerOptions, train_reranker
from reranker.validation import validate

RESULTS = Path(__file__).parent / "results" / "replay_codegen16b"
OURS, BASELINE = "reranker", "TF-IDF logistic regression"
Scores = list[NDArray[np.float64]]
"""Of each task, a score for each candidate."""


@dataclass(frozen=True)
class ReplayBenchmark:
    """The study's settings.

    Attributes:
        data: Folder with tasks.jsonl and candidates.jsonl.
        work: Folder for finished stages; a second start goes on from there.
        num_candidates: Candidates of each problem.
        timeout: Seconds that a candidate may run.
        num_folds: Folds over problems.
        seeds: Each shuffles the folds and trains rerankers of its own; the trunk is shared.
        valid_share: Share of the training problems that chooses the checkpoint.
        valid_candidates: Candidates of each of them that are scored for the choice.
        pairs_per_task: Most training pairs of a problem.
        adapt_epochs: Passes over the unlabelled candidates.
        trunk: How the trunk is made.
        training: How a reranker is trained.
    """

    data: str
    work: str
    num_candidates: int = 100
    timeout: float = 5.0
    num_folds: int = 5
    seeds: tuple[int, ...] = (0, 1, 2)
    valid_share: float = 0.2
    valid_candidates: int = 30
    pairs_per_task: int = 32
    adapt_epochs: float = 1.0
    trunk: TrunkOptions = field(default_factory=TrunkOptions)
    training: RerankerOptions = field(
        default_factory=lambda: RerankerOptions(
            max_steps=30, warmup_steps=3, eval_every=10, max_length=450, bf16=True
        )
    )


def labelled_groups(config: ReplayBenchmark, work: Path) -> list[Group]:
    """Every candidate with its verdict: replayed, then executed with HumanEval's tests."""
    tasks = {task.key: task for task in read_tasks(Path(config.data) / "tasks.jsonl")}
    path = work / "labelled.parquet"
    if not path.exists():
        sampler = ReplaySampler(Path(config.data) / "candidates.jsonl", name="codegen-16b")
        candidates = sampler.sample(list(tasks.values()), config.num_candidates, seed=0)
        items = [(tasks[candidate.task_key], candidate) for candidate in candidates]
        with (
            Executor(workers=1, timeout=config.timeout) as executor,
            progress("executing", len(items)) as advance,
        ):
            verdicts = executor.judge(items, on_done=advance)
        write_labelled(path, [(c, v) for c, v in zip(candidates, verdicts, strict=True) if v])
    return group_by_task(read_labelled(path), tasks)


def folds_of(num_tasks: int, num_folds: int, seed: int) -> list[list[int]]:
    """Task numbers, dealt into folds."""
    order = random.Random(seed).sample(range(num_tasks), num_tasks)
    return [sorted(order[i::num_folds]) for i in range(num_folds)]


def cross_fitted_scores(
    config: ReplayBenchmark, groups: Sequence[Group], base: Path, work: Path, seed: int
) -> Scores:
    """Scores of every candidate by a reranker that saw no label of its problem."""
    scores: list[NDArray[np.float64] | None] = [None] * len(groups)
    for number, held_out in enumerate(folds_of(len(groups), config.num_folds, seed)):
        path = work / f"scores-{base.name}-seed{seed}-fold{number}.json"
        if not path.exists():
            rest = [i for i in range(len(groups)) if i not in set(held_out)]
            random.Random(seed).shuffle(rest)
            num_valid = round(config.valid_share * len(rest))
            valid = [
                (groups[i][0], groups[i][1][: config.valid_candidates]) for i in rest[:num_valid]
            ]
            pairs = make_pairs(
                [groups[i] for i in rest[num_valid:]], config.pairs_per_task, seed=seed
            )
            directory = work / f"reranker-{base.name}-seed{seed}-fold{number}"
            shutil.rmtree(directory, ignore_errors=True)  # left by an interrupted start
            metrics = train_reranker(
                base,
                pairs,
                {task.key: task for task, _ in groups},
                valid,
                directory,
                config.training,
                seed,
            )
            values = score_groups(Scorer(directory), [groups[i] for i in held_out])
            say(f"{base.name}, seed {seed}, fold {number}: kept step {metrics['best_step']}")
            write_json(path, [list(v) for v in values])
        for i, row in zip(held_out, json.loads(path.read_text()), strict=True):
            scores[i] = np.array(row)
    return [row for row in scores if row is not None]


def score_groups(scorer: Scorer, groups: Sequence[Group]) -> Scores:
    """Scores of each group's candidates."""
    texts = [(task.prompt, [continuation(task, c) for c, _ in rows]) for task, rows in groups]
    return [np.array([s.value for s in scores]) for scores in scorer.score_groups(texts)]


def likelihood_scores(base: Path, groups: Sequence[Group], work: Path) -> Scores:
    """Mean log-likelihoods under a language model, no labels."""
    path = work / f"likelihood-{base.name}.json"
    if not path.exists():
        write_json(path, [list(values) for values in score_groups(TrunkScorer(base), groups)])
    return [np.array(row) for row in json.loads(path.read_text())]


def picks(scores: Scores, labels: Scores) -> NDArray[np.float64]:
    """Of each task, whether the best-scored candidate passes; equal scores share."""
    return np.array([y[s == s.max()].mean() for s, y in zip(scores, labels, strict=True)])


def row_of(
    per_seed: Sequence[Scores], labels: Scores, pass_at_1: NDArray[np.float64]
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """A table row of a method (means over its seeds) and its pick per task."""
    per_task = np.mean([picks(scores, labels) for scores in per_seed], axis=0)
    aucs = [
        validate(list(zip(scores, [y > 0 for y in labels], strict=True))).within_task_auc
        for scores in per_seed
    ]
    figures = {
        "best_of_n": bootstrap_interval(per_task).to_dict(),
        "per_seed": [float(picks(scores, labels).mean()) for scores in per_seed],
        "within_task_auc": float(np.mean(aucs)),
        "minus_pass_at_1": paired_difference(per_task, pass_at_1).to_dict(),
    }
    return figures, per_task


def main(config: ReplayBenchmark) -> None:
    """Run every stage that is not there yet and write the figures."""
    start = time.monotonic()
    work = Path(config.work)
    work.mkdir(parents=True, exist_ok=True)
    groups = labelled_groups(config, work)
    labels = [np.array([float(v.passed) for _, v in rows]) for _, rows in groups]
    trunk, adapted = work / "trunk", work / "adapted-trunk"
    if not (trunk / "config.json").exists():
        write_json(work / "trunk.json", train_trunk(trunk, config.trunk, seed=0))
    if not (adapted / "config.json").exists():
        texts = [(task.prompt, [c.text for c, _ in rows]) for task, rows in groups]
        figures = adapt_trunk(trunk, texts, adapted, num_epochs=config.adapt_epochs)
        write_json(work / "adapted-trunk.json", figures)

    methods: dict[str, list[Scores]] = {
        OURS: [cross_fitted_scores(config, groups, trunk, work, seed) for seed in config.seeds],
        "reranker on the adapted trunk": [
            cross_fitted_scores(config, groups, adapted, work, seed) for seed in config.seeds
        ],
        BASELINE: [
            cross_fitted_tfidf(groups, folds_of(len(groups), config.num_folds, seed))
            for seed in config.seeds
        ],
        "likelihood of the adapted trunk, no labels": [likelihood_scores(adapted, groups, work)],
        "likelihood of its trunk, no labels": [likelihood_scores(trunk, groups, work)],
        "text consensus, no labels": [text_consensus(groups)],
        "most frequent program, no labels": [by_strategy("frequent", groups)],
        "shortest, no labels": [by_strategy("shortest", groups)],
    }
    pass_at_1 = np.array([y.mean() for y in labels])
    rows, per_task = {}, {}
    for name, per_seed in methods.items():
        rows[name], per_task[name] = row_of(per_seed, labels, pass_at_1)
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"cores": os.cpu_count(), "cpu": cpu_model(), "threads": 1},
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "command": "python benchmarks/replay_codegen16b.py --data DIR --work DIR",
        "num_tasks": len(groups),
        "num_candidates": sum(map(len, labels)),
        "pass_at_1": bootstrap_interval(pass_at_1).to_dict(),
        "oracle": bootstrap_interval(np.array([y.max() for y in labels])).to_dict(),
        "methods": rows,
        "reranker_minus": {
            name: paired_difference(per_task[OURS], values).to_dict()
            for name, values in per_task.items()
            if name != OURS
        },
        "trunk": json.loads((work / "trunk.json").read_text()),
        "adaptation": json.loads((work / "adapted-trunk.json").read_text()),
        "folds": config.num_folds,
        "seeds": list(config.seeds),
        "seconds_this_start": round(time.monotonic() - start),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    write_json(RESULTS.with_suffix(".json"), result)
    RESULTS.with_suffix(".md").write_text(markdown(result), encoding="utf-8")
    difference = result["reranker_minus"][BASELINE]
    say(f"reranker {rows[OURS]['best_of_n']}, minus TF-IDF {difference}; wrote {RESULTS.name}")


def by_strategy(name: str, groups: Sequence[Group]) -> Scores:
    """Scores of one of the product's own selection strategies."""
    strategy = get_strategy(name)
    return [np.array(strategy(Choices(task, [c for c, _ in rows]))) for task, rows in groups]


def markdown(result: dict[str, Any]) -> str:
    """The figures as a table that a person reads."""

    def interval(cell: dict[str, float]) -> str:
        return f"{cell['value']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]"

    machine = result["machine"]
    lines = [
        "# Best of 100 CodeGen-16B samples without executing anything",
        "",
        f"{result['num_tasks']} HumanEval problems, {result['num_candidates']} samples, "
        f"{result['folds']} folds over problems, seeds {result['seeds']}; "
        f"{result['date']}, {machine['cores']} cores ({machine['cpu']}), one thread. "
        "Intervals are 95 % bootstrap intervals over problems; differences are paired.",
        "",
        f"    {result['command']}",
        "",
        f"pass@1 {interval(result['pass_at_1'])}, oracle pass@100 {interval(result['oracle'])}.",
        "",
        "| pick by | passes | minus pass@1 | reranker minus this | AUC within problem | per seed |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in result["methods"].items():
        against = result["reranker_minus"].get(name)
        seeds = ", ".join(f"{value:.3f}" for value in row["per_seed"])
        lines.append(
            f"| {name} | {interval(row['best_of_n'])} | {interval(row['minus_pass_at_1'])} | "
            f"{interval(against) if against else ''} | {row['within_task_auc']:.3f} | {seeds} |"
        )
    trunk, adaptation = result["trunk"], result["adaptation"]
    lines += [
        "",
        f"Trunk: {trunk['num_parameters'] / 1e6:.1f} M parameters, "
        f"{trunk['num_tokens'] / 1e6:.1f} M tokens of {trunk['num_functions']} functions of the "
        "standard library and installed packages. Adapted trunk: "
        f"{adaptation['num_steps']} further steps as a language model of the candidates of all "
        "problems, the held-out ones included, without their labels (transductive).",
        "",
    ]
    return "\n".join(lines)


def cpu_model() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "")


if __name__ == "__main__":
    torch.set_num_threads(1)
    run_command(ReplayBenchmark, main, prog=Path(sys.argv[0]).name, description=__doc__ or "")
