from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multipl_e.errors import UserError
from reranker.calibration import (
    Calibration,
    expected_calibration_error,
    fit_calibration,
    reliability_bins,
)


def logistic_groups(num_tasks: int, seed: int):
    rng = np.random.default_rng(seed)
    groups = []
    for _ in range(num_tasks):
        scores = rng.normal(0, 2, 16)
        groups.append((scores.tolist(), (rng.random(16) < 1 / (1 + np.exp(-scores))).tolist()))
    return groups


labelled = st.lists(
    st.lists(st.tuples(st.floats(-50, 50), st.booleans()), min_size=1, max_size=8).map(
        lambda rows: ([s for s, _ in rows], [p for _, p in rows])
    ),
    min_size=1,
    max_size=8,
)


@given(labelled)
def test_probability_never_falls_as_the_score_rises(groups):
    calibration = fit_calibration(groups)
    if calibration is None:
        assert len({passed for _, labels in groups for passed in labels}) < 2
        return
    chances = calibration(np.linspace(-60, 60, 241))
    assert (np.diff(chances) >= 0).all()
    assert chances.min() > 0 and chances.max() < 1


def test_calibrated_on_tasks_it_has_not_seen():
    calibration = fit_calibration(logistic_groups(200, seed=0))
    assert calibration is not None
    fresh = logistic_groups(400, seed=1)
    scores = [s for values, _ in fresh for s in values]
    passed = [p for _, labels in fresh for p in labels]
    assert expected_calibration_error(calibration(scores), passed) < 0.05
    assert calibration.expected_error is not None and calibration.expected_error < 0.05
    assert expected_calibration_error([0.5] * len(passed), np.arange(len(passed)) % 5 == 0) > 0.25


def test_calibration_survives_the_disk(tmp_path: Path):
    calibration = fit_calibration(logistic_groups(5, seed=0))
    assert calibration is not None
    calibration.save(tmp_path)
    assert Calibration.load(tmp_path) == calibration
    assert Calibration.load(tmp_path / "elsewhere") is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"scores": [1], "probabilities": []}',
        '{"scores": [2, 1], "probabilities": [0, 1]}',
    ],
)
def test_damaged_file_is_explained(tmp_path: Path, text: str):
    (tmp_path / "calibration.json").write_text(text)
    with pytest.raises(UserError, match="damaged"):
        Calibration.load(tmp_path)


def test_bins_hold_every_candidate_once():
    bins = reliability_bins([0.0, 0.05, 0.1, 0.95, 1.0], [0, 1, 1, 1, 1])
    assert sum(b.count for b in bins) == 5
    assert (bins[0].count, bins[1].count, bins[9].count) == (2, 1, 2)
    assert bins[0].observed == 0.5
    assert bins[9].predicted == pytest.approx(0.975)


def test_expected_error_of_a_known_case():
    error = expected_calibration_error([0.15] * 4 + [0.85] * 4, [0, 0, 0, 1, 1, 1, 1, 1])
    assert error == pytest.approx(0.5 * abs(0.25 - 0.15) + 0.5 * (1 - 0.85))
    assert np.isnan(expected_calibration_error([], []))
    with pytest.raises(ValueError, match="labels"):
        expected_calibration_error([0.5], [])
