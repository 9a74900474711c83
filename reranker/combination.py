"""Consensus and the reranker's probability together: a logistic model of what is right.

Each feature is centred within its task: only differences between the candidates of one task can
decide a pick, and what makes a whole task easy is no reason for any of them. The weights are fitted
on labelled validation tasks and kept beside the reranker.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from multipl_e.errors import UserError
from reranker.consensus import dual_agreement, frequency, mean_agreement

if TYPE_CHECKING:
    from reranker.selection import Choices

Floats = NDArray[np.float64]

FILE_NAME = "combination.json"
FEATURES = ("reranker", "consensus", "tests_passed", "same_results", "same_program")
_MARGIN = 1e-4


@dataclass(frozen=True, slots=True)
class Combination:
    """Weights of the features.

    Attributes:
        weights: One for each of `FEATURES`, per unit of the feature.
        num_tasks: Number of tasks they were fitted on (those with right and wrong candidates).
        num_candidates: Number of candidates of these.
    """

    weights: tuple[float, ...]
    num_tasks: int = 0
    num_candidates: int = 0

    def __call__(self, choices: Choices) -> list[float]:
        """A value for each candidate: log-odds, up to a constant of the task."""
        values: list[float] = (features_of(choices) @ np.array(self.weights)).tolist()
        return values

    def save(self, directory: str | Path) -> None:
        """Write ``combination.json`` beside the model."""
        content = {"features": FEATURES, **asdict(self)}
        (Path(directory) / FILE_NAME).write_text(json.dumps(content, indent=1) + "\n", "utf-8")

    @classmethod
    def load(cls, directory: str | Path) -> Combination | None:
        """What `save` wrote; None where there is none.

        Raises:
            UserError: the file is damaged, or of another version's features.
        """
        path = Path(directory) / FILE_NAME
        if not path.is_file():
            return None
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            weights = tuple(float(weight) for weight in fields["weights"])
            if tuple(fields["features"]) != FEATURES or len(weights) != len(FEATURES):
                raise ValueError("it has other features")
            return cls(weights, int(fields["num_tasks"]), int(fields["num_candidates"]))
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path} is damaged ({error}); fit it again with `python -m reranker.combine`"
            ) from error


def features_of(choices: Choices) -> Floats:
    """(candidates, features), each centred within the task; what was not measured is 0."""
    count = len(choices.candidates)
    columns = {name: np.zeros(count) for name in FEATURES}
    if choices.scores is not None:
        chances = [score.probability for score in choices.scores]
        known = np.array([np.nan if p is None else p for p in chances])
        if np.isnan(known).any():
            columns["reranker"] = np.array([score.value for score in choices.scores])
        else:
            inside = np.clip(known, _MARGIN, 1 - _MARGIN)
            columns["reranker"] = np.log(inside / (1 - inside))
    executions = choices.executions
    if executions.answers is not None:
        held, counts = executions.answers.held, np.array(executions.counts, np.float64)
        if held.shape[1]:
            agreement = dual_agreement(held, counts)
            columns["consensus"] = np.log1p(agreement)
            columns["tests_passed"] = held @ counts / counts.sum()
        columns["same_results"] = mean_agreement(executions.answers.values) / count
    texts = [candidate.text for candidate in choices.candidates]
    columns["same_program"] = np.log(frequency(texts, choices.task.language))
    matrix = np.stack([columns[name] for name in FEATURES], axis=1)
    centred: Floats = matrix - matrix.mean(axis=0)
    return centred


def fit_combination(
    groups: Sequence[tuple[Choices, Sequence[bool]]], *, strength: float = 1.0
) -> Combination | None:
    """Fit the weights; None if no task has both right and wrong candidates.

    Every task has the same say, however many candidates it has.

    Args:
        groups: Choices of validation tasks, and whether each candidate passed.
        strength: Inverse of the ridge penalty (on standardised features).
    """
    from sklearn.linear_model import LogisticRegression

    mixed = [(choices, passed) for choices, passed in groups if len(set(passed)) == 2]
    if not mixed:
        return None
    matrices = [features_of(choices) for choices, _ in mixed]
    labels = [np.array(passed, bool) for _, passed in mixed]
    features, passed = np.concatenate(matrices), np.concatenate(labels)
    # A right and a wrong candidate of a task weigh the same, so that no intercept is needed.
    weights = np.concatenate([np.where(y, 0.5 / y.sum(), 0.5 / (~y).sum()) for y in labels]) * (
        len(passed) / len(mixed)
    )
    scale = features.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=strength, fit_intercept=False, max_iter=1000)
    model.fit(features / scale, passed, sample_weight=weights)
    fitted = model.coef_[0] / scale
    return Combination(tuple(fitted.tolist()), len(mixed), len(passed))
