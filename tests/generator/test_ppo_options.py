"""Settings that cannot work are refused with the remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from generator.ppo_options import PPOOptions
from multipl_e.errors import UserError


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("num_steps", 0),
        ("rollouts_per_task", 0),
        ("num_minibatches", 0),
        ("learning_rate", -1e-3),
        ("learning_rate", float("inf")),
        ("kl_coef", -0.1),
        ("temperature", 0.0),
        ("top_p", 0.0),
        ("top_p", 1.5),
        ("gamma", 1.1),
        ("lam", -0.1),
        ("clip_range", 0.0),
        ("target_kl", 0.0),
        ("kl_target", -1.0),
        ("missing_eos_penalty", -1.0),
        ("kl_estimator", "k2"),
        ("lr_schedule", "step"),
        ("mixed_precision", "int8"),
    ],
)
def test_setting_out_of_range_is_named(setting: str, value: Any) -> None:
    with pytest.raises(UserError, match=f"^{setting} is .*must be"):
        PPOOptions(**{setting: value})


def test_more_minibatches_than_rollouts_are_refused() -> None:
    with pytest.raises(UserError, match="only 4 rollouts"):
        PPOOptions(tasks_per_step=2, rollouts_per_task=2, num_minibatches=5)


def test_group_baseline_of_single_rollouts_is_refused() -> None:
    with pytest.raises(UserError, match="group_baseline"):
        PPOOptions(rollouts_per_task=1)
    PPOOptions(rollouts_per_task=1, group_baseline=False)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_learning_rate_rises_to_its_peak_and_is_never_zero(schedule: Any) -> None:
    options = replace(PPOOptions(num_steps=10, warmup_steps=3), lr_schedule=schedule)
    factors = [options.learning_rate_factor(step) for step in range(10)]
    assert factors[:4] == [0.25, 0.5, 0.75, 1.0]
    assert min(factors) > 0


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_decaying_schedules_end_low(schedule: Any) -> None:
    options = PPOOptions(num_steps=10, warmup_steps=0, lr_schedule=schedule)
    assert options.learning_rate_factor(9) < 0.2
