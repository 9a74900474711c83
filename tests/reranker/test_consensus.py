from __future__ import annotations

import numpy as np

from reranker.consensus import dual_agreement, exact_agreement, frequency, mean_agreement

# Three candidates pass tests 0 and 1, one passes all but 0, one passes none.
HELD = np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1], [1, 1, 0], [0, 0, 0]], bool)


def test_dual_agreement_is_group_size_times_tests_passed():
    assert dual_agreement(HELD, [1, 1, 1]).tolist() == [6, 6, 2, 6, 0]
    assert dual_agreement(HELD, [1, 1, 5]).tolist() == [6, 6, 6, 6, 0]


def test_square_root_damps_large_groups():
    assert np.allclose(dual_agreement(HELD, [1, 1, 1], 0.5)[[0, 2]], [2 * 3**0.5, 2.0])


def test_without_tests_all_are_alike():
    assert dual_agreement(np.zeros((3, 0), bool), []).tolist() == [0, 0, 0]


def test_results_must_all_be_the_same_or_are_counted_one_by_one():
    values = [["a", "b"], ["a", "b"], ["a", "c"], [None, "b"], [None, None]]
    assert exact_agreement(values).tolist() == [2, 2, 1, 1, 0]
    assert mean_agreement(values).tolist() == [3, 3, 2, 1.5, 0]


def test_candidates_nobody_called_are_all_alike():
    assert exact_agreement([[], []]).tolist() == mean_agreement([[], []]).tolist() == [0, 0]


def test_frequency_sees_through_names_and_comments():
    texts = ["    a = 1\n    return a\n", "    b = 1 # x\n    return b\n", "    return 2\n"]
    assert frequency(texts, "py").tolist() == [2, 2, 1]
