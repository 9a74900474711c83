from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest

from multipl_e.errors import UserError
from multipl_e.metrics import best_of_k
from multipl_e.probes import Answers, WrittenTest
from multipl_e.records import Candidate, Score, Task
from reranker.combination import FEATURES, FILE_NAME, Combination, features_of, fit_combination
from reranker.executions import Executions
from reranker.selection import Choices, get_strategy


def example(seed: int, probability: bool = True) -> tuple[Choices, list[bool]]:
    """Right candidates mostly pass the written tests, and mostly score higher: each errs alone."""
    rng = random.Random(seed)
    passed = [i % 3 == 0 for i in range(12)]
    held = np.array([[right != (rng.random() < 0.2) for _ in range(2)] for right in passed])
    values = [right + rng.gauss(0, 0.7) for right in passed]
    chances = [1 / (1 + math.exp(0.5 - value)) if probability else None for value in values]
    scores = [Score(value, chance) for value, chance in zip(values, chances, strict=True)]
    tests = [WrittenTest("assert f(1)", 1), WrittenTest("assert f(2)", 3)]
    texts = [f"    return {i}\n" for i in range(12)]
    candidates = [Candidate("t", "py", text, i) for i, text in enumerate(texts)]
    answers = Answers(held, [[] for _ in passed])
    task = Task("t", "py", "def f(x):\n", "")
    return Choices(task, candidates, scores, 0, Executions(None, tests, answers)), passed


def test_features_are_centred_and_absent_ones_are_zero():
    choices, _ = example(1)
    features = features_of(choices)
    assert features.shape == (12, len(FEATURES))
    assert np.allclose(features.mean(axis=0), 0)
    bare = Choices(choices.task, choices.candidates)
    assert not features_of(bare).any()


def test_raw_scores_serve_where_there_is_no_calibration():
    choices, _ = example(1, probability=False)
    assert features_of(choices)[:, FEATURES.index("reranker")].any()


def test_the_fit_uses_both_and_beats_either():
    rows = [example(seed) for seed in range(60)]
    combination = fit_combination(rows[:40])
    assert combination is not None and combination.num_tasks == 40
    assert combination.weights[FEATURES.index("reranker")] > 0

    def worth(values) -> float:
        return float(np.mean([best_of_k(values(c), y, len(y)) for c, y in rows[40:]]))

    together = worth(combination)
    assert together > worth(get_strategy("consensus"))
    assert together > worth(get_strategy("reward"))


def test_nothing_to_fit():
    choices, _ = example(1)
    assert fit_combination([(choices, [True] * 12)]) is None


def test_saved_weights_are_read_back_and_damaged_ones_refused(tmp_path: Path):
    assert Combination.load(tmp_path) is None
    saved = Combination((1.0, 2.0, 0.0, -1.0, 0.5), 3, 4)
    saved.save(tmp_path)
    assert Combination.load(tmp_path) == saved
    (tmp_path / FILE_NAME).write_text('{"features": ["other"], "weights": [1]}')
    with pytest.raises(UserError, match=r"reranker\.combine"):
        Combination.load(tmp_path)
