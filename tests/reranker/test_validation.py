"""When one validation speaks against a checkpoint, and when it is noise."""

import numpy as np
import pytest

from reranker.validation import Validation, validate


def test_a_task_counts_only_if_it_has_passing_and_failing_candidates() -> None:
    found = validate([([1.0, 0.0], [True, False]), ([1.0, 0.0], [True, True])])
    assert found.by_task == (1.0,)
    assert found.pick_accuracy == 1.0


def test_one_flipped_task_of_many_is_noise() -> None:
    before = Validation(0.5, 0.5, (1.0, 0.0, 1.0, 0.0, 1.0, 0.0))
    after = Validation(0.5, 0.5, (0.0, 0.0, 1.0, 0.0, 1.0, 0.0))
    assert after.criterion < before.criterion
    assert not after.clearly_below(before)


def test_a_loss_that_chance_brings_one_time_in_ten_is_noise() -> None:
    before = Validation(0.5, 0.5, (1.0,) * 60)
    after = Validation(0.5, 0.5, (0.0,) * 2 + (1.0,) * 58)  # 1.4 standard errors below
    assert not after.clearly_below(before)


def test_a_loss_on_most_tasks_is_no_noise() -> None:
    rng = np.random.default_rng(0)
    values = rng.random(50)
    before = Validation(0.5, 0.5, tuple(values))
    after = Validation(0.5, 0.5, tuple(values - 0.1 - 0.1 * rng.random(50)))
    assert after.clearly_below(before)
    assert not before.clearly_below(after)


@pytest.mark.parametrize("tasks", [(), (0.5,)])
def test_too_few_tasks_for_an_error_are_compared_plainly(tasks: tuple[float, ...]) -> None:
    same = Validation(0.5, 0.5, tasks)
    assert not same.clearly_below(same)
