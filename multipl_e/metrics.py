"""What is measured, with intervals over tasks.

Tasks are the unit of resampling throughout: samples of one task are not independent of each
other, so intervals over samples would be far too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

NUM_RESAMPLES = 10_000
CONFIDENCE = 0.95

# Upper bound on the numbers resampled at once; keeps the memory of an interval near 32 MB.
_RESAMPLED_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A measured value with the ends of its confidence interval; NaN where nothing was measured."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """For JSON, which knows no NaN: ``{"value", "low", "high"}`` with None in its place."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if math.isnan(end) else end for name, end in ends.items()}

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def pass_at_k(n: ArrayLike, c: ArrayLike, k: int) -> Any:
    """Unbiased probability that at least one of `k` samples passes, given `c` of `n` that did.

    ``1 - C(n-c, k) / C(n, k)``, evaluated as a product (Chen et al. 2021, arXiv 2107.03374,
    eq. 1). `n` and `c` may be arrays (one entry per task); the result has their shape.

    Raises:
        ValueError: a task has fewer than `k` samples, or more passing samples than samples.
    """
    n, c = np.broadcast_arrays(np.asarray(n, np.float64), np.asarray(c, np.float64))
    if k < 1 or (n < k).any():
        raise ValueError(f"pass@{k} needs k >= 1 and at least {k} samples of every task")
    if (c < 0).any() or (c > n).any():
        raise ValueError("the number of passing samples lies between 0 and that of samples")
    none_passes = np.ones_like(n)
    for drawn in range(k):
        none_passes = none_passes * np.maximum(n - c - drawn, 0) / (n - drawn)
    result = 1.0 - none_passes
    return float(result) if result.ndim == 0 else result


def best_of_k(scores: ArrayLike, passed: ArrayLike, k: int) -> float:
    """Expected pass of the best-scored of `k` samples drawn without replacement from a group.

    Exact, over all subsets: with the group sorted from the best score down, the sample of rank
    ``r`` (from 0) is a subset's best in ``C(n-1-r, k-1)`` of ``C(n, k)`` cases. Equal scores
    share their cases. `scores` and `passed` have shape (n,).
    """
    scores_n, passed_n = np.asarray(scores, np.float64), np.asarray(passed, np.float64)
    n = len(scores_n)
    if not 1 <= k <= n:
        raise ValueError(f"best of {k} needs 1 to {n} samples")
    _, group = np.unique(-scores_n, return_inverse=True)
    mean_n = (np.bincount(group, passed_n) / np.bincount(group))[np.sort(group)]
    total, chance, remaining = 0.0, k / n, n
    for rank in range(n - k + 1):
        total += chance * mean_n[rank]
        # C(n-2-r, k-1) / C(n-1-r, k-1), so that no binomial is ever formed.
        remaining = n - 1 - rank
        chance *= (remaining - k + 1) / remaining if remaining else 0.0
    return float(total)


def bootstrap_interval(
    values_per_task: ArrayLike,
    statistic: Callable[..., Any] = np.mean,
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """A statistic over tasks with its percentile bootstrap interval (Efron 1979).

    Args:
        values_per_task: Shape (T,), or (T, ...) with several numbers per task, which then stay
            together when tasks are drawn.
        statistic: Called as ``statistic(values, axis=a)``, reducing the task axis: 0 for the
            values as given, 1 for resamples of shape (R, T, ...).
        seed: Of the resampling; the same seed gives the same interval.
        num_resamples: Number of resamples, R.
        confidence: Share of resamples inside the interval.

    Returns:
        The interval; all NaN for no tasks. Resamples where the statistic is undefined are left
        out of the percentiles.
    """
    values = np.asarray(values_per_task, np.float64)
    if len(values) == 0:
        return Interval(math.nan, math.nan, math.nan)
    rng = np.random.default_rng(seed)
    at_once = max(1, _RESAMPLED_AT_ONCE // values.size)
    drawn: list[Floats] = []
    for start in range(0, num_resamples, at_once):
        size = (min(at_once, num_resamples - start), len(values))
        resamples = values[rng.integers(len(values), size=size)]
        drawn.append(np.asarray(statistic(resamples, axis=1), np.float64))
    statistics = np.concatenate(drawn)
    statistics = statistics[~np.isnan(statistics)]
    value = float(statistic(values, axis=0))
    if len(statistics) == 0:
        return Interval(value, math.nan, math.nan)
    tail = (1.0 - confidence) / 2
    low, high = np.quantile(statistics, [tail, 1.0 - tail])
    return Interval(value, float(low), float(high))


def paired_difference(
    a_per_task: ArrayLike,
    b_per_task: ArrayLike,
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
) -> Interval:
    """Mean of ``a - b`` over the same tasks, with its interval; both of shape (T,).

    Pairing removes the spread between easy and hard tasks, which is most of the noise.
    """
    a, b = np.asarray(a_per_task, np.float64), np.asarray(b_per_task, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"paired values need the same tasks: shapes {a.shape} and {b.shape}")
    return bootstrap_interval(a - b, seed=seed, num_resamples=num_resamples)


def paired_p_value(
    a_per_task: ArrayLike,
    b_per_task: ArrayLike,
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
) -> float:
    """Two-sided p-value of "a and b are alike" over the same tasks; both of shape (T,).

    The sign-flip (paired randomisation) test: if the two were alike, each task's difference would
    be as likely with the other sign. The observed arrangement counts as one of the resamples, so
    the value is never 0 (Phipson & Smyth 2010).
    """
    a, b = np.asarray(a_per_task, np.float64), np.asarray(b_per_task, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"paired values need the same tasks: shapes {a.shape} and {b.shape}")
    differing = (a - b)[a != b]
    if len(differing) == 0:
        return 1.0
    rng = np.random.default_rng(seed)
    observed = abs(differing.sum()) * (1 - 1e-12)  # sums in another order must still be equal
    at_once = max(1, _RESAMPLED_AT_ONCE // len(differing))
    as_extreme = 0
    for start in range(0, num_resamples, at_once):
        size = (min(at_once, num_resamples - start), len(differing))
        sums = (differing * rng.choice([-1.0, 1.0], size=size)).sum(axis=1)
        as_extreme += int((np.abs(sums) >= observed).sum())
    return (as_extreme + 1) / (num_resamples + 1)


def gap_recovered(
    best_per_task: ArrayLike,
    pass_at_1_per_task: ArrayLike,
    oracle_per_task: ArrayLike,
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
) -> Interval:
    """Share of the gap between pass@1 and the pass@N oracle that a way of picking recovers.

    ``(best - pass@1) / (pass@N - pass@1)`` of the means over tasks; the three values of a task
    are resampled together. NaN where there is no gap. All of shape (T,).
    """
    columns = [
        np.asarray(c, np.float64) for c in (best_per_task, pass_at_1_per_task, oracle_per_task)
    ]
    if len({column.shape for column in columns}) != 1:
        raise ValueError("gap recovered needs the three values of the same tasks")

    def ratio(values: Floats, axis: int) -> Floats:
        means = values.mean(axis=axis)
        best, single, oracle = means[..., 0], means[..., 1], means[..., 2]
        gap = oracle - single
        share = (best - single) / np.where(gap > 0, gap, 1.0)
        return np.asarray(np.where(gap > 0, share, np.nan))

    values_t3 = np.stack(columns, axis=-1)
    return bootstrap_interval(values_t3, ratio, seed=seed, num_resamples=num_resamples)


def roc_auc(scores: ArrayLike, passed: ArrayLike) -> float:
    """Chance that a passing candidate outscores a failing one of the same group; a tie counts 0.5.

    NaN if the group lacks either. This is the Mann-Whitney statistic (Hanley & McNeil 1982).
    """
    scores_n, passed_n = np.asarray(scores, np.float64), np.asarray(passed, bool)
    difference = scores_n[passed_n][:, None] - scores_n[~passed_n][None, :]
    if difference.size == 0:
        return math.nan
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def within_task_auc(
    groups: Iterable[tuple[Sequence[float], Sequence[bool]]],
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
) -> Interval:
    """Mean ROC-AUC within tasks, over the tasks that have passing and failing candidates.

    Within, not across: a score that only knows which tasks are easy gets 0.5 here.

    Args:
        groups: Per task, the candidates' scores and whether each passed.
        seed: Of the resampling.
        num_resamples: Number of resamples.
    """
    per_task = np.array([roc_auc(scores, passed) for scores, passed in groups], np.float64)
    per_task = per_task[~np.isnan(per_task)]
    return bootstrap_interval(per_task, seed=seed, num_resamples=num_resamples)
