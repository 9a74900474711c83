"""Stages D and E: which probes teach the reranker something, and the pairs made of them.

A hard negative is a failing candidate that the reranker scores at least as high as the median of
the task's passing candidates; where none passes, one in the top quarter of its group. At most a few
per task, and no two of the same normalised syntax tree, so that one bug does not flood the set.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loop.config import MiningConfig
from multipl_e.records import Candidate, Pair, Task, Verdict
from multipl_e.syntax import normalised_ast


@dataclass(frozen=True, slots=True)
class Probed:
    """A candidate with its verdict and the reranker's score of it."""

    candidate: Candidate
    verdict: Verdict
    score: float


def is_hard(passed: Sequence[bool], scores: Sequence[float], top_share: float) -> list[bool]:
    """Which candidates of one task are hard negatives (see the module's docstring).

    Args:
        passed: Whether each candidate passed its tests.
        scores: The reranker's score of each.
        top_share: Share of the group that counts as hard where nothing passed.
    """
    values, right = np.asarray(scores, dtype=float), np.asarray(passed, dtype=bool)
    if right.any():
        threshold = float(np.median(values[right]))
    elif len(values):
        threshold = float(np.sort(values)[-max(1, math.ceil(top_share * len(values)))])
    else:
        return []
    return [bool(v >= threshold and not r) for v, r in zip(values, right, strict=True)]


def distinct(probes: Sequence[Probed], limit: int) -> list[Probed]:
    """The first `limit` probes that differ in their normalised syntax tree."""
    kept: dict[str, Probed] = {}
    for probe in probes:
        if len(kept) == limit:
            break
        text, language = probe.candidate.text, probe.candidate.language
        kept.setdefault(normalised_ast(text, language), probe)
    return list(kept.values())


def hard_negatives(probes: Sequence[Probed], options: MiningConfig) -> list[Probed]:
    """The hard negatives of one task's probes, highest score first, at most `per_task`."""
    flags = is_hard(
        [p.verdict.passed for p in probes], [p.score for p in probes], options.top_share
    )
    hard = [p for p, flag in zip(probes, flags, strict=True) if flag]
    hard.sort(key=lambda p: (-p.score, p.candidate.index))
    return distinct(hard, options.per_task)


def select_negatives(
    probes: Sequence[Probed], options: MiningConfig, rng: random.Random
) -> list[Probed]:
    """The failing probes to fold in: hard ones, or as many random ones (a control), or none."""
    if options.select == "none":
        return []
    hard = hard_negatives(probes, options)
    if options.select == "hard":
        return hard
    failing = [p for p in probes if not p.verdict.passed]
    rng.shuffle(failing)
    return distinct(failing, len(hard))


def fold(
    task: Task,
    probes: Sequence[Probed],
    options: MiningConfig,
    weight: float,
    rng: random.Random,
) -> list[Pair]:
    """Training pairs of one task: each selected negative against passing candidates.

    A task on which nothing passed is answered by its canonical solution, where it has one; without
    one it yields no pair.

    Args:
        task: The task that was probed.
        probes: All its candidates that the present reranker scored.
        options: What to select and how many.
        weight: Weight of a mined pair in the loss (an ordinary one has 1).
        rng: Source of the random choices.
    """
    negatives = select_negatives(probes, options, rng)
    passing = [p for p in probes if p.verdict.passed]
    rng.shuffle(passing)
    positives = [p.candidate.text for p in distinct(passing, options.positives_per_task)]
    if not positives and options.canonical and task.canonical_solution is not None:
        positives = [task.canonical_solution]
    pairs = [
        Pair(task.name, task.language, positive, negative.candidate.text, "mined", weight)
        for negative in negatives
        for positive in positives
    ]
    rng.shuffle(pairs)
    return pairs[: options.pairs_per_task]


def share_ranked_below(
    new_scores: Sequence[float], passing_scores: Sequence[float]
) -> tuple[int, int]:
    """How many hard negatives of a task a new reranker ranks below its passing candidates.

    Args:
        new_scores: The new reranker's scores of the task's hard negatives.
        passing_scores: Its scores of the task's passing candidates.

    Returns:
        (number now below the median passing score, number looked at); (0, 0) if nothing passes.
    """
    if not len(new_scores) or not len(passing_scores):
        return 0, 0
    median = float(np.median(passing_scores))
    return sum(score < median for score in new_scores), len(new_scores)
