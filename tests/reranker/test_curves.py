from __future__ import annotations

import math
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multipl_e.records import Candidate, Task
from reranker.curves import (
    best_of_n,
    sampled_best_of_n,
    samples_needed,
    samples_needed_interval,
    sizes_up_to,
    strategy_curve,
)
from reranker.selection import Choices

groups = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=7)


def brute_force(scores, passed, n):
    shares = []
    for subset in combinations(range(len(scores)), n):
        top = max(scores[i] for i in subset)
        ties = [passed[i] for i in subset if scores[i] == top]
        shares.append(sum(ties) / len(ties))
    return sum(shares) / len(shares)


@settings(deadline=None)  # a busy machine is no failure
@given(groups)
def test_closed_form_equals_the_average_over_all_subsets(rows):
    scores, passed = [s for s, _ in rows], [p for _, p in rows]
    sizes = range(1, len(rows) + 1)
    expected = [brute_force(scores, passed, n) for n in sizes]
    assert best_of_n([(scores, passed)], list(sizes))[0] == pytest.approx(expected)


def test_labels_as_values_are_the_oracle_and_equal_values_a_random_pick():
    passed = [True, False, False, True, False]
    oracle, random_pick = best_of_n([(passed, passed), ([0] * 5, passed)], [1, 2, 5])
    assert oracle == pytest.approx([0.4, 1 - comb(3, 2) / comb(5, 2), 1.0])
    assert random_pick == pytest.approx([0.4] * 3)


def test_small_task_counts_with_all_it_has():
    curve = best_of_n([([1, 2], [False, True]), ([1, 2, 3], [True, True, False])], [1, 2, 3])
    assert curve.shape == (2, 3)
    assert curve[0].tolist() == [0.5, 1.0, 1.0]


def test_sampled_curve_approaches_the_exact_one():
    rng = np.random.default_rng(0)
    scores, passed = rng.random(12).tolist(), (rng.random(12) < 0.4).tolist()
    exact = best_of_n([(scores, passed)], [1, 3, 12])[0]
    sampled = sampled_best_of_n(
        lambda rows: passed[max(rows, key=lambda i: scores[i])], 12, [1, 3, 12], num_draws=3000
    )
    assert sampled == pytest.approx(exact, abs=0.04)
    assert sampled[-1] == exact[-1]


def test_samples_needed_is_read_off_the_curve():
    assert samples_needed([1, 2, 4], [0.2, 0.3, 0.5], 0.4) == pytest.approx(3.0)
    assert samples_needed([1, 2, 4], [0.2, 0.3, 0.5], 0.1) == 1.0
    assert samples_needed([1, 2, 4], [0.2, 0.3, 0.5], 0.6) is None


def test_the_interval_of_samples_needed_holds_the_value_and_may_be_open():
    rng = np.random.default_rng(0)
    curves = rng.random((40, 1)) * np.array([[0.3, 0.6, 0.9]])
    found = samples_needed_interval([1, 2, 4], curves, 0.35)
    assert found.low <= found.value <= found.high < math.inf
    assert found.value == samples_needed([1, 2, 4], curves.mean(axis=0), 0.35)
    assert samples_needed_interval([1, 2, 4], curves, 0.99).value == math.inf


def test_sizes_double_up_to_the_most():
    assert sizes_up_to(6) == [1, 2, 4, 6]
    assert sizes_up_to(1) == [1]


def test_a_strategy_of_the_group_sees_only_the_subset():
    texts = ["    return 1\n", "    return 1\n", "    return 2\n"]
    choices = Choices(
        Task("t", "py", "def f():\n", ""), [Candidate("t", "py", x, i) for i, x in enumerate(texts)]
    )
    passed = [True, True, False]
    curve = strategy_curve("frequent", choices, passed, [1, 2, 3], num_draws=400)
    # Of two candidates the pair of equals is one case of three, the others are ties.
    assert curve == pytest.approx([2 / 3, 2 / 3, 1.0], abs=0.08)
    assert strategy_curve("random", choices, passed, [1, 3]) == pytest.approx([2 / 3, 2 / 3])
    assert strategy_curve("shortest", choices, passed, [3])[0] == pytest.approx(2 / 3)
