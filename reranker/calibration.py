"""From raw scores to P(correct): isotonic regression on validation tasks.

The one feature is the score itself. A score relative to its group would calibrate a little better
where groups differ, but the probability of a program would then depend on which other programs
happen to be in the request, and a single candidate could not be judged at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multipl_e.errors import UserError

FILE_NAME = "calibration.json"
NUM_BINS = 10
NUM_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Calibration:
    """A non-decreasing, piecewise linear map from score to probability.

    Attributes:
        scores: Knots, ascending.
        probabilities: P(correct) at the knots; constant beyond the first and last.
        num_candidates: Number of labelled candidates it was fitted on.
        num_tasks: Number of tasks they belong to.
        expected_error: Expected calibration error on tasks left out of the fit (cross-fitted);
            None with fewer than two tasks.
    """

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]
    num_candidates: int
    num_tasks: int
    expected_error: float | None = None

    def __call__(self, values: ArrayLike) -> NDArray[np.float64]:
        """P(correct) of each score, shape as given."""
        return np.interp(np.asarray(values, np.float64), self.scores, self.probabilities)

    def save(self, directory: str | Path) -> None:
        """Write ``calibration.json`` beside the model."""
        text = json.dumps({"method": "isotonic", "feature": "value", **asdict(self)}, indent=1)
        (Path(directory) / FILE_NAME).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: str | Path) -> Calibration | None:
        """What `save` wrote; None where there is none.

        Raises:
            UserError: the file is damaged.
        """
        path = Path(directory) / FILE_NAME
        if not path.is_file():
            return None
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            scores, probabilities = (
                tuple(float(x) for x in fields[name]) for name in ("scores", "probabilities")
            )
            if len(scores) != len(probabilities) or not scores or list(scores) != sorted(scores):
                raise ValueError("its knots do not fit together")
            return cls(
                scores,
                probabilities,
                int(fields["num_candidates"]),
                int(fields["num_tasks"]),
                fields.get("expected_error"),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path} is damaged ({error}); delete it to use the reranker without probabilities"
            ) from error


def fit_calibration(
    groups: Sequence[tuple[Sequence[float], Sequence[bool]]],
) -> Calibration | None:
    """Fit P(correct) on labelled groups; None if there is nothing to tell apart.

    The ends are kept away from 0 and 1 by one pseudo-candidate: a finite sample never proves that
    a program is surely right. The expected error is measured by leaving out whole tasks, because
    candidates of one task resemble each other.

    Args:
        groups: Per task, the candidates' scores and whether each passed.
    """
    groups = [group for group in groups if len(group[0])]
    scores, passed = _pooled(groups)
    if len(set(passed.tolist())) < 2:
        return None
    knots, heights = _isotonic(scores, passed)
    error = None
    if len(groups) >= 2:
        folds = [groups[i :: min(NUM_FOLDS, len(groups))] for i in range(NUM_FOLDS)]
        predicted: list[float] = []
        truth: list[bool] = []
        for left_out in range(len(folds)):
            rest = [g for i, fold in enumerate(folds) if i != left_out for g in fold]
            if not folds[left_out] or not rest:
                continue
            fold_scores, fold_passed = _pooled(folds[left_out])
            predicted += np.interp(fold_scores, *_isotonic(*_pooled(rest))).tolist()
            truth += fold_passed.tolist()
        error = expected_calibration_error(predicted, truth)
    return Calibration(
        tuple(knots.tolist()), tuple(heights.tolist()), len(scores), len(groups), error
    )


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Candidates whose probability fell into [low, high).

    Attributes:
        low: Lower end of the bin.
        high: Upper end of the bin.
        count: Number of candidates in it.
        predicted: Their mean probability; NaN if empty.
        observed: Share of them that passed; NaN if empty.
    """

    low: float
    high: float
    count: int
    predicted: float
    observed: float


def reliability_bins(
    probabilities: ArrayLike, passed: ArrayLike, num_bins: int = NUM_BINS
) -> list[ReliabilityBin]:
    """A reliability diagram's data: bins of equal width over [0, 1].

    Args:
        probabilities: (n,) predicted P(correct).
        passed: (n,) whether each passed.
        num_bins: Number of bins.
    """
    p, y = np.asarray(probabilities, np.float64), np.asarray(passed, np.float64)
    if p.shape != y.shape:
        raise ValueError(f"{p.shape} probabilities but {y.shape} labels")
    index = np.clip((p * num_bins).astype(int), 0, num_bins - 1)
    bins = []
    for b in range(num_bins):
        inside = index == b
        count = int(inside.sum())
        predicted, observed = (
            (float(p[inside].mean()), float(y[inside].mean())) if count else (np.nan, np.nan)
        )
        bins.append(ReliabilityBin(b / num_bins, (b + 1) / num_bins, count, predicted, observed))
    return bins


def expected_calibration_error(
    probabilities: ArrayLike, passed: ArrayLike, num_bins: int = NUM_BINS
) -> float:
    """Mean distance of predicted and observed over the bins, weighted by count (Guo et al. 2017).

    NaN without candidates.
    """
    bins = [b for b in reliability_bins(probabilities, passed, num_bins) if b.count]
    total = sum(b.count for b in bins)
    if not total:
        return float("nan")
    return sum(b.count * abs(b.predicted - b.observed) for b in bins) / total


def _pooled(
    groups: Sequence[tuple[Sequence[float], Sequence[bool]]],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    scores = np.array([s for values, _ in groups for s in values], np.float64)
    passed = np.array([p for _, labels in groups for p in labels], bool)
    return scores, passed


def _isotonic(
    scores: NDArray[np.float64], passed: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from sklearn.isotonic import IsotonicRegression

    margin = 1 / (len(scores) + 2)
    regression = IsotonicRegression(y_min=margin, y_max=1 - margin, out_of_bounds="clip")
    regression.fit(scores, passed.astype(np.float64))
    return regression.X_thresholds_, regression.y_thresholds_
