"""Stage F: what picking wins on held-out tasks.

Held-out candidates are drawn from the generator and executed once per run; each round's reranker
only scores them again, so that rounds are compared on the same candidates, task by task.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multipl_e.metrics import (
    Interval,
    best_of_k,
    bootstrap_interval,
    gap_recovered,
    paired_difference,
    within_task_auc,
)
from multipl_e.records import Candidate, Task, Verdict

Floats = NDArray[np.float64]
Picker = Callable[["Group"], Sequence[float]]

# The strategies whose picks every round reports, and the name of each one's figure.
FIGURES = {"reward": "best_of_n", "logprob": "best_of_n_logprob", "trunk": "best_of_n_trunk"}


@dataclass(frozen=True)
class Group:
    """A held-out task with its executed candidates and what each strategy scores them.

    `scores` maps a strategy's name to one score per candidate; the highest is picked. Where such a
    score depends on the other candidates, `curves` has the best of n for each n of `sizes_up_to`.
    """

    task: Task
    rows: Sequence[tuple[Candidate, Verdict]]
    scores: dict[str, Sequence[float]]
    curves: dict[str, Floats] = field(default_factory=dict)

    @property
    def passed(self) -> list[bool]:
        """Whether each candidate passed."""
        return [verdict.passed for _, verdict in self.rows]

    def best_of(self, strategy: str, k: int | None = None) -> float:
        """Chance that the strategy's pick of `k` random candidates (default: all) passes."""
        return best_of_k(self.scores[strategy], self.passed, k or len(self.rows))


def logprob_scores(rows: Sequence[tuple[Candidate, Verdict]]) -> list[float]:
    """Mean log-probability under the sampling model; −∞ where the sampler did not keep it."""
    values = [candidate.mean_logprob for candidate, _ in rows]
    return [-math.inf if value is None else value for value in values]


def evaluate(groups: Sequence[Group], seed: int) -> dict[str, Any]:
    """The figures of one round: overall, per language and per difficulty."""
    return {
        "overall": figures(groups, seed),
        "per_language": _by(groups, lambda g: g.task.language, seed),
        "per_difficulty": _by(groups, lambda g: g.task.difficulty, seed),
    }


def figures(groups: Sequence[Group], seed: int) -> dict[str, Any]:
    """pass@1, best-of-N by strategy, the oracle, the gap recovered and ROC-AUC, with intervals."""
    single, oracle = pass_at_1(groups), oracle_at_n(groups)
    found: dict[str, Any] = {
        "num_tasks": len(groups),
        "num_candidates": sum(len(group.rows) for group in groups),
        "pass_at_1": bootstrap_interval(single, seed=seed).to_dict(),
        "oracle_pass_at_n": bootstrap_interval(oracle, seed=seed).to_dict(),
    }
    for strategy, name in FIGURES.items():
        if all(strategy in group.scores for group in groups):
            picks = picks_pass(groups, strategy)
            found[name] = bootstrap_interval(picks, seed=seed).to_dict()
            suffix = name.removeprefix("best_of_n")
            gap = gap_recovered(picks, single, oracle, seed=seed)
            auc = within_task_auc([(g.scores[strategy], g.passed) for g in groups], seed=seed)
            found[f"gap_recovered{suffix}"] = gap.to_dict()
            found[f"roc_auc{suffix}"] = auc.to_dict()
    reward = picks_pass(groups, "reward")
    for other in ("logprob", "trunk"):
        if all(other in group.scores for group in groups):
            advantage = paired_difference(reward, picks_pass(groups, other), seed=seed)
            found[f"advantage_over_{other}"] = advantage.to_dict()
    return found


def pass_at_1(groups: Sequence[Group]) -> Floats:
    """Per task, the share of candidates that pass."""
    return np.array([np.mean(group.passed) for group in groups])


def oracle_at_n(groups: Sequence[Group]) -> Floats:
    """Per task, 1 if any candidate passes: what a perfect picker would reach."""
    return np.array([float(any(group.passed)) for group in groups])


def picks_pass(groups: Sequence[Group], strategy: str) -> Floats:
    """Per task, the chance that the strategy's pick of all candidates passes (ties share it)."""
    return np.array([group.best_of(strategy) for group in groups])


def compare(after: Sequence[Group], before: Sequence[Group], seed: int) -> Interval:
    """Paired difference of the reranker's picks between two rounds on the same tasks."""
    return paired_difference(picks_pass(after, "reward"), picks_pass(before, "reward"), seed=seed)


def _by(
    groups: Sequence[Group], key: Callable[[Group], str | None], seed: int
) -> dict[str, dict[str, Any]]:
    names = sorted({name for group in groups if (name := key(group)) is not None})
    return {name: figures([g for g in groups if key(g) == name], seed) for name in names}
