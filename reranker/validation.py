"""How good a reranker is on labelled groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from multipl_e.metrics import best_of_k, roc_auc
from reranker.data import Group, continuation
from reranker.scoring import Scorer

ScoredGroup = tuple[Sequence[float], Sequence[bool]]


@dataclass(frozen=True, slots=True)
class Validation:
    """Figures of a reranker on validation tasks.

    Attributes:
        pick_accuracy: Share of tasks whose best-scored candidate passes (ties count in shares).
        within_task_auc: Mean over tasks of the chance that a passing candidate outscores a
            failing one; NaN if no task has both.
        by_task: What checkpoints are compared by, one value for each task that has passing and
            failing candidates: the mean of both. The pick is what counts, but it is one coin toss
            per task; the AUC uses every candidate and steadies the comparison.
    """

    pick_accuracy: float
    within_task_auc: float
    by_task: tuple[float, ...] = ()

    @property
    def criterion(self) -> float:
        """Mean of `by_task`; 0 if there is no such task."""
        return float(np.mean(self.by_task)) if self.by_task else 0.0

    def clearly_below(self, other: Validation) -> bool:
        """Whether this one is worse, on the same tasks, by more than two standard errors."""
        if len(self.by_task) < 2:
            return self.criterion < other.criterion
        difference = np.subtract(self.by_task, other.by_task)
        error = float(np.std(difference, ddof=1)) / np.sqrt(len(difference))
        return bool(difference.mean() < -2 * error)


def validate(groups: Sequence[ScoredGroup]) -> Validation:
    """Measure on labelled groups: per task, the candidates' scores and whether each passed."""
    picks, aucs, both = [], [], []
    for scores, passed in groups:
        picks.append(best_of_k(scores, passed, len(passed)))
        if any(passed) and not all(passed):
            aucs.append(roc_auc(scores, passed))
            both.append((picks[-1] + aucs[-1]) / 2)
    if not picks:
        raise ValueError("no group to validate on")
    auc = float(np.mean(aucs)) if aucs else float("nan")
    return Validation(float(np.mean(picks)), auc, tuple(both))


def score_labelled(scorer: Scorer, groups: Sequence[Group]) -> list[ScoredGroup]:
    """Scores and pass labels of labelled candidates, by task."""
    scores = scorer.score_groups(
        (task.prompt, [continuation(task, candidate) for candidate, _ in rows])
        for task, rows in groups
    )
    return [
        ([score.value for score in given], [verdict.passed for _, verdict in rows])
        for (_, rows), given in zip(groups, scores, strict=True)
    ]
