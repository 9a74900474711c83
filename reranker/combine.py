"""Fit how much consensus and the reranker each count, on labelled validation tasks.

    python -m reranker.combine --model DIR --tasks T --candidates labelled.parquet [--tests W]

Writes ``combination.json`` into the reranker's folder; `reranker.select --strategy combined` reads
it. Use tasks that the reranker was not trained on, and give `--tests` here if it will be given
there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.executors import Isolation
from multipl_e.metrics import best_of_k, bootstrap_interval
from multipl_e.progress import progress, say
from multipl_e.tables import read_labelled
from reranker.combination import FEATURES, FILE_NAME, Combination, fit_combination
from reranker.gathering import Gathering, group_candidates
from reranker.scoring import Scorer
from reranker.selection import Choices

NUM_FOLDS = 5

Labelled = tuple[Choices, Sequence[bool]]


@dataclass(frozen=True)
class CombineConfig:
    """Fit the weights of the strategy `combined`.

    Attributes:
        model: The reranker's folder, where the weights are kept.
        tasks: Validation tasks, as MultiPL-E rows; .jsonl, .jsonl.gz or .parquet.
        candidates: Their executed candidates (what multipl_e.evaluate or a run wrote).
        tests: Tests that a model wrote, as in reranker.select.
        timeout: Seconds for one candidate's run.
        workers: Candidates run at a time; by default one for each CPU.
        isolation: bubblewrap, or none to run candidates with resource limits only.
    """

    model: str
    tasks: str
    candidates: str
    tests: str | None = None
    timeout: float = 10.0
    workers: int | None = None
    isolation: Isolation = "bubblewrap"


def main(config: CombineConfig) -> None:
    """The command: score, run, fit, say what it is worth on tasks left out."""
    scorer = Scorer(config.model)
    labels = {(c.task_key, c.index): v.passed for c, v in read_labelled(config.candidates)}
    groups = group_candidates(config.tasks, config.candidates)
    gathering = Gathering(
        ("scores", "calls"),
        scorer=scorer,
        tests=config.tests,
        timeout=config.timeout,
        workers=config.workers,
        isolation=config.isolation,
    )
    with progress("running", sum(len(candidates) for _, candidates in groups)) as advance:
        rows: list[Labelled] = [
            (choices, [labels[c.task_key, c.index] for c in choices.candidates])
            for choices in gathering.choices(groups, advance)
        ]
    combination = fit_combination(rows)
    if combination is None:
        raise UserError(
            f"no task of {config.candidates} has candidates that pass and candidates that fail, "
            "so there is nothing to fit"
        )
    picks = cross_fitted_picks(rows)
    combination.save(config.model)
    weights = ", ".join(
        f"{name} {weight:.2f}" for name, weight in zip(FEATURES, combination.weights, strict=True)
    )
    say(f"weights: {weights}")
    if picks:
        say(f"picks on tasks left out of the fit pass: {bootstrap_interval(picks)}")
    say(f"wrote {config.model}/{FILE_NAME}")


def cross_fitted_picks(rows: Sequence[Labelled]) -> list[float]:
    """Per task, the chance that the pick passes, by weights fitted without the task's fold."""
    order = np.random.default_rng(0).permutation(len(rows))
    found: list[float] = []
    for fold in range(NUM_FOLDS):
        held_out = set(order[fold::NUM_FOLDS].tolist())
        weights = fit_combination([row for i, row in enumerate(rows) if i not in held_out])
        if weights is None:
            continue
        found += [_pick_passes(weights, *rows[i]) for i in sorted(held_out)]
    return found


def _pick_passes(weights: Combination, choices: Choices, passed: Sequence[bool]) -> float:
    return best_of_k(weights(choices), passed, len(passed))


if __name__ == "__main__":
    run_command(CombineConfig, main, prog="reranker.combine", description=__doc__ or "")
