"""The learned reranker of `select_codegen16b.py`: no execution, cross-fitted in seconds.

Token n-grams, reduced without labels, then a logistic model of which of a problem's candidates is
right (features centred within the problem, so that it learns differences between candidates).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from replay_baselines import TOKENS
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
NUM_COMPONENTS = 64


def text_features(texts: Sequence[Sequence[str]]) -> list[Floats]:
    """Per problem (candidates, features), centred within the problem; no label is used."""
    vectorizer = TfidfVectorizer(
        token_pattern=TOKENS, ngram_range=(1, 2), min_df=5, sublinear_tf=True
    )
    counts = vectorizer.fit_transform([text for group in texts for text in group])
    reduced = TruncatedSVD(NUM_COMPONENTS, random_state=0).fit_transform(counts)
    sizes = np.array([[np.log1p(len(t)), np.log1p(t.count("\n"))] for g in texts for t in g])
    features = np.hstack([reduced, sizes])
    ends = np.cumsum([len(group) for group in texts])[:-1]
    return [_centred(group) for group in np.split(features, ends)]


def fit_and_score(
    features: Sequence[Floats],
    labels: Sequence[Sequence[bool]],
    train: Sequence[int],
    held_out: Sequence[int],
) -> list[Floats]:
    """Scores of the held-out problems' candidates by a model of the training problems."""
    mixed = [i for i in train if len(set(labels[i])) == 2]
    x = np.concatenate([features[i] for i in mixed])
    y = np.concatenate([labels[i] for i in mixed])
    # Right and wrong candidates of a problem weigh the same, and so does every problem.
    weights = np.concatenate([_balanced(np.array(labels[i])) for i in mixed])
    scale = x.std(axis=0) + 1e-9
    model = LogisticRegression(C=0.1, fit_intercept=False, max_iter=200)
    model.fit(x / scale, y, sample_weight=weights * len(y) / len(mixed))
    return [(features[i] / scale) @ model.coef_[0] for i in held_out]


def _balanced(y: NDArray[np.bool_]) -> Floats:
    return np.where(y, 0.5 / y.sum(), 0.5 / (~y).sum())


def _centred(matrix: Floats) -> Floats:
    centred: Floats = matrix - matrix.mean(axis=0)
    return centred
