"""Equality with TRL 1.12.0's PPOTrainer, recorded by benchmarks/ppo_parity/make_fixture.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from generator import ppo_math

FIXTURES = Path(__file__).parent / "fixtures"
DESCRIPTION: dict[str, Any] = json.loads((FIXTURES / "trl_ppo.json").read_text())
SETTINGS = DESCRIPTION["settings"]
TENSORS = load_file(FIXTURES / "trl_ppo.safetensors")
CASES = list(DESCRIPTION["cases"])


def tensors(case: str) -> dict[str, Tensor]:
    prefix = case + "."
    return {k.removeprefix(prefix): v for k, v in TENSORS.items() if k.startswith(prefix)}


def masks(trl: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """TRL's two paddings as our two masks: values reach one token further than the policy loss."""
    return ~trl["padding_mask_p1"], ~trl["padding_mask"]


def estimate(case: str) -> tuple[Tensor, Tensor, Tensor]:
    """Our rewards, advantages before whitening, and returns from TRL's inputs."""
    trl = tensors(case)
    action_mask, _ = masks(trl)
    kl = ppo_math.kl_estimate(
        trl["logprobs"], trl["ref_logprobs"], DESCRIPTION["cases"][case]["kl_estimator"]
    )
    rewards = ppo_math.token_rewards(trl["scores"], kl, action_mask, SETTINGS["kl_coef"])
    if DESCRIPTION["cases"][case]["whiten_rewards"]:
        rewards = ppo_math.masked_whiten(rewards, action_mask, shift_mean=False)
    advantages, returns = ppo_math.gae(
        rewards, trl["values"], action_mask, SETTINGS["gamma"], SETTINGS["lam"]
    )
    return rewards, advantages, returns


def assert_equal(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_fixture_was_made_by_trl_1_12_0() -> None:
    assert DESCRIPTION["versions"]["trl"] == "1.12.0"


def test_full_case_has_an_all_ones_mask() -> None:
    assert all(mask.all() for mask in masks(tensors("full")))


def test_ragged_case_has_rows_of_different_lengths() -> None:
    action_mask, loss_mask = masks(tensors("ragged"))
    assert len(set(loss_mask.sum(1).tolist())) > 1
    assert (action_mask & ~loss_mask).any()


@pytest.mark.parametrize("case", CASES)
def test_rewards_equal_trl(case: str) -> None:
    assert_equal(estimate(case)[0], tensors(case)["rewards"])


@pytest.mark.parametrize("case", CASES)
def test_advantages_before_whitening_equal_trl(case: str) -> None:
    trl = tensors(case)
    action_mask, _ = masks(trl)
    assert_equal(estimate(case)[1], trl["raw_advantages"] * action_mask)


@pytest.mark.parametrize("case", CASES)
def test_whitened_advantages_equal_trl(case: str) -> None:
    trl = tensors(case)
    assert_equal(ppo_math.masked_whiten(estimate(case)[1], masks(trl)[1]), trl["advantages"])


@pytest.mark.parametrize("case", CASES)
def test_returns_equal_trl(case: str) -> None:
    trl = tensors(case)
    assert_equal(estimate(case)[2], trl["returns"] * masks(trl)[0])


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("case", CASES)
def test_token_logprobs_equal_trl(case: str, step: int) -> None:
    trl = tensors(case)
    responses = trl["responses"][trl[f"step{step}.micro_batch_inds"]]
    loss_mask = masks(trl)[1][trl[f"step{step}.micro_batch_inds"]]
    # TRL divides its logits by the temperature in place, so the recorded ones are scaled already.
    ours = ppo_math.token_logprobs(trl[f"step{step}.logits"], responses)
    assert_equal(ours[loss_mask], trl[f"step{step}.new_logprobs"][loss_mask])


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("case", CASES)
def test_policy_loss_equals_trl(case: str, step: int) -> None:
    trl = tensors(case)
    rows = trl[f"step{step}.micro_batch_inds"]
    loss_mask = masks(trl)[1]
    advantages = ppo_math.masked_whiten(estimate(case)[1], loss_mask)
    ours = ppo_math.policy_loss(
        trl[f"step{step}.new_logprobs"],
        trl["logprobs"][rows],
        advantages[rows],
        loss_mask[rows],
        SETTINGS["cliprange"],
    )
    assert_equal(ours.loss, trl[f"step{step}.policy_loss"])


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("case", CASES)
def test_value_loss_equals_trl(case: str, step: int) -> None:
    trl = tensors(case)
    rows = trl[f"step{step}.micro_batch_inds"]
    ours = ppo_math.value_loss(
        trl[f"step{step}.vpred"],
        trl["values"][rows],
        estimate(case)[2][rows],
        masks(trl)[0][rows],
        SETTINGS["cliprange_value"],
    )
    assert_equal(ours, trl[f"step{step}.value_loss"])


def test_second_step_has_clipped_ratios() -> None:
    """Without clipped tokens the loss comparison would not see the clipping."""
    trl = tensors("full")
    rows = trl["step1.micro_batch_inds"]
    ours = ppo_math.policy_loss(
        trl["step1.new_logprobs"],
        trl["logprobs"][rows],
        trl["advantages"][rows],
        masks(trl)[1][rows],
        SETTINGS["cliprange"],
    )
    assert ours.clip_fraction > 0.05
