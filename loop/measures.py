"""What a round's probing did: PPO's gain beside the truth, and what became of its finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loop.config import MiningConfig
from loop.mining import Probed, hard_negatives, share_ranked_below
from multipl_e.metrics import bootstrap_interval
from multipl_e.records import Task

Probes = Sequence[tuple[Task, Sequence[Probed]]]


def policy_figures(reference: Probes, policy: Probes, seed: int) -> dict[str, Any]:
    """How far PPO raised the reranker's score on some tasks, and what is true of it.

    Args:
        reference: The generator's own candidates of those tasks, scored by the round's reranker.
        policy: The policy's candidates of the same tasks, scored by the same reranker.
        seed: Of the bootstrap.

    Returns:
        ``ppo_score_gain`` in standard deviations of the reference's scores, and the pass rates of
        both: the score gain that the pass rate does not follow is what mining lives on.
    """
    spread = float(np.std([p.score for _, rows in reference for p in rows])) or 1.0
    mean_before = {task.key: _mean_score(rows) for task, rows in reference}
    shared = [(task, rows) for task, rows in policy if task.key in mean_before]
    gains = [(_mean_score(rows) - mean_before[task.key]) / spread for task, rows in shared]
    return {
        "ppo_score_gain": bootstrap_interval(gains, seed=seed).to_dict(),
        "reference_pass_rate": bootstrap_interval(_pass_rates(reference), seed=seed).to_dict(),
        "ppo_pass_rate": bootstrap_interval(_pass_rates(shared), seed=seed).to_dict(),
    }


def count_hard(probes: Probes, options: MiningConfig) -> int:
    """Number of hard negatives among the probes, deduplicated and capped per task as mined."""
    return sum(len(hard_negatives(rows, options)) for _, rows in probes)


def resolved_counts(before: Probes, after: Probes, options: MiningConfig) -> list[tuple[int, int]]:
    """How many of a reranker's hard negatives another ranks below what passes, task by task.

    A task's canonical solution should be among the probes, in both: it counts as passing, also for
    what is hard, and where no probe passes only that can tell. A program is counted once, and no
    more of a task than are mined.

    Args:
        before: Probes scored by the reranker they fooled.
        after: The same probes, in the same order, scored by a later reranker.
        options: How many are mined.

    Returns:
        For each task (now ranked below, looked at); (0, 0) where there is nothing to tell.
    """
    counts = []
    for (_, old), (_, new) in zip(before, after, strict=True):
        passing = [p.score for p in new if p.verdict.passed]
        hard = {p.candidate.text for p in hard_negatives(old, options)} if passing else set()
        scores = {p.candidate.text: p.score for p in new if p.candidate.text in hard}
        counts.append(share_ranked_below(list(scores.values()), passing))
    return counts


def resolved_share(counts: Sequence[tuple[int, int]], seed: int) -> dict[str, Any]:
    """The share of hard negatives now ranked below what passes, with its interval over tasks.

    Args:
        counts: What `resolved_counts` returns.
        seed: Of the bootstrap.
    """
    told = np.array([pair for pair in counts if pair[1]]).reshape(-1, 2)
    return bootstrap_interval(told, _ratio, seed=seed).to_dict()


def _ratio(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    sums = values.sum(axis=axis)
    return np.asarray(sums[..., 0] / sums[..., 1])


def _mean_score(rows: Sequence[Probed]) -> float:
    return float(np.mean([p.score for p in rows]))


def _pass_rates(probes: Probes) -> list[float]:
    return [float(np.mean([p.verdict.passed for p in rows])) for _, rows in probes]
