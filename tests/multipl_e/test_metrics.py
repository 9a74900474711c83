import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from multipl_e.metrics import (
    Interval,
    best_of_k,
    bootstrap_interval,
    gap_recovered,
    paired_difference,
    paired_p_value,
    pass_at_k,
    roc_auc,
    within_task_auc,
)


@given(st.integers(1, 8), st.data())
def test_pass_at_k_equals_counting_all_subsets(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    subsets = list(combinations([i < c for i in range(n)], k))
    assert pass_at_k(n, c, k) == pytest.approx(np.mean([any(s) for s in subsets]))


def test_pass_at_k_takes_arrays_of_tasks() -> None:
    values = pass_at_k([4, 4, 10], [0, 4, 5], 2)
    assert values == pytest.approx([0.0, 1.0, 1 - (5 * 4) / (10 * 9)])


def test_pass_at_k_is_exact_for_many_samples() -> None:
    expected = 1 - math.comb(190, 100) / math.comb(200, 100)
    assert pass_at_k(200, 10, 100) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("n", "c", "k"), [(4, 1, 5), (4, 5, 1), (4, -1, 1), (4, 1, 0)])
def test_impossible_counts_are_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError):
        pass_at_k(n, c, k)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=7),
    st.data(),
)
def test_best_of_k_equals_counting_all_subsets(
    group: list[tuple[int, bool]], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(group)))
    scores, passed = zip(*group, strict=True)
    # Ties are broken evenly: a subset's pick passes as often as the best score's holders in the
    # whole group do.
    rate = {s: np.mean([p for t, p in group if t == s]) for s in scores}
    picks = [rate[max(s for s, _ in subset)] for subset in combinations(group, k)]
    assert best_of_k(scores, passed, k) == pytest.approx(np.mean(picks))


def test_best_of_one_is_pass_at_1_and_perfect_scores_reach_the_oracle() -> None:
    passed = [True, False, False, True, False]
    assert best_of_k([5, 4, 3, 2, 1], passed, 1) == pytest.approx(0.4)
    assert best_of_k(passed, passed, 3) == pytest.approx(pass_at_k(5, 2, 3))


def test_interval_covers_the_mean_at_about_its_confidence() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(200):
        interval = bootstrap_interval(rng.normal(3, 1, 80), seed=trial, num_resamples=400)
        covered += interval.low <= 3 <= interval.high
    assert 0.88 <= covered / 200 <= 0.99


def test_interval_is_near_the_normal_one_for_many_tasks() -> None:
    values = np.random.default_rng(0).random(400)
    interval = bootstrap_interval(values)
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert interval.low == pytest.approx(values.mean() - half, abs=0.004)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.004)


def test_same_seed_same_interval_other_seed_another() -> None:
    values = np.random.default_rng(0).random(50)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)


def test_any_statistic_over_tasks_works() -> None:
    interval = bootstrap_interval([1.0, 2.0, 9.0], np.median, num_resamples=500)
    assert interval.value == 2.0
    assert (interval.low, interval.high) == (1.0, 9.0)


def test_no_tasks_is_nan_and_json_has_none() -> None:
    interval = bootstrap_interval([])
    assert math.isnan(interval.value)
    assert interval.to_dict() == {"value": None, "low": None, "high": None}
    assert Interval(0.5, 0.25, 0.75).to_dict() == {"value": 0.5, "low": 0.25, "high": 0.75}


def test_pairing_sees_a_difference_that_unpaired_intervals_hide() -> None:
    rng = np.random.default_rng(0)
    difficulty = rng.random(60)
    a, b = difficulty + 0.05 + rng.normal(0, 0.02, 60), difficulty
    assert paired_difference(a, b).low > 0
    assert bootstrap_interval(a).low < bootstrap_interval(b).high


def test_paired_values_must_be_of_the_same_tasks() -> None:
    with pytest.raises(ValueError, match="same tasks"):
        paired_difference([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="same tasks"):
        gap_recovered([1, 2], [1, 2, 3], [1, 2, 3])


def test_gap_recovered_is_a_ratio_of_means() -> None:
    best, single, oracle = [0.6, 1.0], [0.2, 0.6], [1.0, 1.0]
    interval = gap_recovered(best, single, oracle)
    assert interval.value == pytest.approx(0.4 / 0.6)
    assert interval.low <= interval.value <= interval.high


def test_gap_recovered_resamples_the_values_of_a_task_together() -> None:
    rng = np.random.default_rng(0)
    single = rng.random(100) * 0.5
    oracle = single + rng.random(100) * 0.5
    halfway = single + 0.5 * (oracle - single)
    interval = gap_recovered(halfway, single, oracle)
    # Half of every task's gap is half of any resample's gap.
    assert interval.low == pytest.approx(0.5)
    assert interval.high == pytest.approx(0.5)


def test_gap_recovered_without_a_gap_is_nan() -> None:
    assert gap_recovered([1, 1], [1, 1], [1, 1]).to_dict()["value"] is None


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=20))
def test_roc_auc_equals_sklearn(group: list[tuple[int, bool]]) -> None:
    scores, passed = zip(*group, strict=True)
    if len(set(passed)) == 1:
        assert math.isnan(roc_auc(scores, passed))
    else:
        assert roc_auc(scores, passed) == pytest.approx(roc_auc_score(passed, scores))


def test_within_task_auc_ignores_scores_that_only_know_the_task() -> None:
    easy = ([9.0] * 4, [True, True, True, False])
    hard = ([1.0] * 4, [False, False, False, True])
    assert within_task_auc([easy, hard]).value == 0.5


def test_within_task_auc_leaves_out_tasks_of_one_class() -> None:
    good, all_fail = ([2.0, 1.0], [True, False]), ([1.0, 2.0], [False, False])
    assert within_task_auc([good, all_fail]).value == 1.0
    assert math.isnan(within_task_auc([all_fail]).value)


def test_the_paired_test_counts_sign_flips() -> None:
    ones, zeros = [1.0] * 5, [0.0] * 5
    # Of the 32 ways to flip five equal differences, two are as extreme as all alike.
    assert paired_p_value(ones, zeros, num_resamples=20_000) == pytest.approx(2 / 32, abs=0.01)
    assert paired_p_value(ones, ones) == 1.0
    assert paired_p_value([1, 0, 1, 0], [0, 1, 0, 1]) == 1.0
    with pytest.raises(ValueError, match="same tasks"):
        paired_p_value([1.0], [1.0, 0.0])
