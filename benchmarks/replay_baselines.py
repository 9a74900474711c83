"""What the reranker of `replay_codegen16b.py` is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from reranker.data import Group

TOKENS = r"\w+|[^\w\s]|\n *"


def cross_fitted_tfidf(
    groups: Sequence[Group], folds: Sequence[Sequence[int]]
) -> list[NDArray[np.float64]]:
    """Logistic regression on token 1- to 3-grams, fitted without the problem it scores."""
    texts = [[candidate.text for candidate, _ in rows] for _, rows in groups]
    scores: list[NDArray[np.float64]] = [np.empty(0)] * len(groups)
    for held_out in folds:
        rest = [i for i in range(len(groups)) if i not in set(held_out)]
        vectorizer = TfidfVectorizer(
            token_pattern=TOKENS, ngram_range=(1, 3), min_df=5, sublinear_tf=True
        )
        features = vectorizer.fit_transform([text for i in rest for text in texts[i]])
        passed = [verdict.passed for i in rest for _, verdict in groups[i][1]]
        model = LogisticRegression(max_iter=300).fit(features, passed)
        for i in held_out:
            scores[i] = model.decision_function(vectorizer.transform(texts[i]))
    return scores


def text_consensus(groups: Sequence[Group]) -> list[NDArray[np.float64]]:
    """Mean cosine similarity to the other candidates of the task, on token 1- to 3-grams."""
    scores = []
    for _, rows in groups:
        vectorizer = TfidfVectorizer(
            token_pattern=TOKENS, ngram_range=(1, 3), use_idf=False, sublinear_tf=True
        )
        # An empty candidate has no tokens; the word keeps the vocabulary from being empty.
        features = vectorizer.fit_transform([c.text or "empty" for c, _ in rows])
        similarity = (features @ features.T).toarray()
        np.fill_diagonal(similarity, 0)
        scores.append(similarity.mean(axis=1))
    return scores
