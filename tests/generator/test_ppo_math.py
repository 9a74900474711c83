"""Properties of PPO's arithmetic."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from generator import ppo_math

SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 12), st.integers(0, 2**31))
SHARES = st.floats(0.0, 1.0)


def batch(shape: tuple[int, int, int], count: int) -> list[Tensor]:
    rows, columns, seed = shape
    source = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, columns, generator=source).double() for _ in range(count)]


def random_mask(shape: tuple[int, int, int]) -> Tensor:
    rows, columns, seed = shape
    return torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed + 1)) < 0.6


@settings(max_examples=60, deadline=None)
@given(SHAPES, SHARES, SHARES)
def test_gae_with_a_mask_is_gae_of_the_compacted_sequence(
    shape: tuple[int, int, int], gamma: float, lam: float
) -> None:
    rewards, values = batch(shape, 2)
    mask = random_mask(shape)
    advantages, returns = ppo_math.gae(rewards, values, mask, gamma, lam)
    for row in range(shape[0]):
        kept = mask[row]
        if not kept.any():
            continue
        ones = torch.ones(1, int(kept.sum()), dtype=torch.bool)
        compact_a, compact_r = ppo_math.gae(
            rewards[row, kept][None], values[row, kept][None], ones, gamma, lam
        )
        torch.testing.assert_close(advantages[row, kept], compact_a[0])
        torch.testing.assert_close(returns[row, kept], compact_r[0])


@settings(max_examples=30, deadline=None)
@given(SHAPES, SHARES, SHARES)
def test_gae_is_zero_and_blind_outside_the_mask(
    shape: tuple[int, int, int], gamma: float, lam: float
) -> None:
    rewards, values, noise = batch(shape, 3)
    mask = random_mask(shape)
    plain = ppo_math.gae(rewards, values, mask, gamma, lam)
    disturbed = ppo_math.gae(
        torch.where(mask, rewards, noise), torch.where(mask, values, 9 * noise), mask, gamma, lam
    )
    for one, other in zip(plain, disturbed, strict=True):
        torch.testing.assert_close(one, other)
        assert not one[~mask].any()


@settings(max_examples=30, deadline=None)
@given(SHAPES, SHARES)
def test_gae_with_lambda_one_is_discounted_return_minus_value(
    shape: tuple[int, int, int], gamma: float
) -> None:
    rewards, values = batch(shape, 2)
    ones = torch.ones_like(rewards, dtype=torch.bool)
    _, returns = ppo_math.gae(rewards, values, ones, gamma, 1.0)
    expected = torch.zeros_like(rewards[:, 0])
    for t in reversed(range(shape[1])):
        expected = rewards[:, t] + gamma * expected
        torch.testing.assert_close(returns[:, t], expected)


@settings(max_examples=30, deadline=None)
@given(SHAPES, SHARES)
def test_gae_with_lambda_zero_is_the_one_step_error(
    shape: tuple[int, int, int], gamma: float
) -> None:
    rewards, values = batch(shape, 2)
    ones = torch.ones_like(rewards, dtype=torch.bool)
    advantages, _ = ppo_math.gae(rewards, values, ones, gamma, 0.0)
    following = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
    torch.testing.assert_close(advantages, rewards + gamma * following - values)


@settings(max_examples=40, deadline=None)
@given(SHAPES)
def test_whitened_values_have_mean_zero_and_variance_one_over_the_mask(
    shape: tuple[int, int, int],
) -> None:
    (values,) = batch(shape, 1)
    mask = random_mask(shape)
    if mask.sum() < 3:
        return
    whitened = ppo_math.masked_whiten(5 * values + 3, mask)
    assert float(whitened[mask].mean()) == pytest.approx(0, abs=1e-6)
    assert float(whitened[mask].var()) == pytest.approx(1, abs=1e-4)
    assert not whitened[~mask].any()


def test_whitening_may_leave_the_mean_where_it_is() -> None:
    values = torch.tensor([[1.0, 2.0, 6.0, 99.0]])
    mask = torch.tensor([[True, True, True, False]])
    whitened = ppo_math.masked_whiten(values, mask, shift_mean=False)
    assert float(whitened[mask].mean()) == pytest.approx(3.0)
    assert float(whitened[mask].var()) == pytest.approx(1.0)


@pytest.mark.parametrize("count", [0, 1])
def test_whitening_without_a_variance_stays_finite(count: int) -> None:
    mask = torch.arange(4)[None] < count
    assert torch.isfinite(ppo_math.masked_whiten(torch.ones(1, 4), mask)).all()


@settings(max_examples=40, deadline=None)
@given(SHAPES)
def test_k3_is_never_negative_and_zero_only_for_equal_policies(
    shape: tuple[int, int, int],
) -> None:
    ours, reference = batch(shape, 2)
    assert (ppo_math.kl_estimate(ours, reference, "k3") >= 0).all()
    assert not ppo_math.kl_estimate(ours, ours, "k3").any()


@pytest.mark.parametrize("estimator", ["k1", "k3"])
def test_kl_estimators_have_the_true_kl_as_their_mean(estimator: ppo_math.KLEstimator) -> None:
    policy, reference = torch.randn(2, 6, generator=torch.Generator().manual_seed(3)).double()
    policy, reference = policy.log_softmax(0), reference.log_softmax(0)
    # The expectation over the policy's own tokens, taken exactly.
    mean = (policy.exp() * ppo_math.kl_estimate(policy, reference, estimator)).sum()
    true = (policy.exp() * (policy - reference)).sum()
    torch.testing.assert_close(mean, true)


def test_k3_varies_less_than_k1_between_near_policies() -> None:
    policy = torch.randn(50, generator=torch.Generator().manual_seed(4)).double().log_softmax(0)
    noise = 0.1 * torch.randn(50, generator=torch.Generator().manual_seed(5)).double()
    reference = (policy + noise).log_softmax(0)
    spread = {}
    for name in ("k1", "k3"):
        estimate = ppo_math.kl_estimate(policy, reference, name)
        mean = (policy.exp() * estimate).sum()
        spread[name] = float((policy.exp() * (estimate - mean) ** 2).sum())
    assert spread["k3"] < 0.1 * spread["k1"]


def test_token_logprobs_are_those_of_the_tempered_distribution() -> None:
    logits = torch.randn(2, 3, 7, generator=torch.Generator().manual_seed(0))
    tokens = torch.tensor([[0, 3, 6], [2, 2, 1]])
    ours = ppo_math.token_logprobs(logits, tokens, temperature=0.7)
    expected = torch.distributions.Categorical(logits=logits / 0.7).log_prob(tokens)
    torch.testing.assert_close(ours, expected)


def test_entropy_is_that_of_the_tempered_distribution() -> None:
    logits = torch.randn(2, 3, 7, generator=torch.Generator().manual_seed(1))
    expected = torch.distributions.Categorical(logits=logits / 1.3).entropy()
    torch.testing.assert_close(ppo_math.token_entropy(logits, 1.3), expected)


def test_score_falls_on_the_last_action_and_kl_on_every_one() -> None:
    mask = torch.tensor([[True, True, False, True, False], [False] * 5])
    kl = torch.full((2, 5), 2.0)
    rewards = ppo_math.token_rewards(torch.tensor([10.0, 7.0]), kl, mask, kl_coef=0.5)
    assert rewards.tolist() == [[-1.0, -1.0, 0.0, 9.0, 0.0], [0.0] * 5]


@settings(max_examples=40, deadline=None)
@given(SHAPES)
def test_loss_of_an_unchanged_policy_is_minus_the_mean_advantage(
    shape: tuple[int, int, int],
) -> None:
    logprobs, advantages = batch(shape, 2)
    mask = random_mask(shape)
    found = ppo_math.policy_loss(logprobs, logprobs, advantages, mask, 0.2)
    torch.testing.assert_close(found.loss, -ppo_math.masked_mean(advantages, mask))
    assert found.clip_fraction == 0
    assert found.approx_kl == 0


@pytest.mark.parametrize(
    ("log_ratio", "advantage", "moves"),
    [(0.5, 1.0, False), (-0.5, -1.0, False), (0.5, -1.0, True), (-0.5, 1.0, True)],
)
def test_clipping_stops_gains_and_never_corrections(
    log_ratio: float, advantage: float, moves: bool
) -> None:
    logprobs = torch.tensor([[log_ratio]], requires_grad=True)
    mask = torch.ones(1, 1, dtype=torch.bool)
    found = ppo_math.policy_loss(
        logprobs, torch.zeros(1, 1), torch.tensor([[advantage]]), mask, clip_range=0.2
    )
    found.loss.backward()
    assert logprobs.grad is not None
    assert bool(logprobs.grad.any()) is moves
    assert bool(found.clip_fraction > 0) is not moves


@settings(max_examples=40, deadline=None)
@given(SHAPES)
def test_tokens_outside_the_loss_mask_get_no_policy_gradient(shape: tuple[int, int, int]) -> None:
    logprobs, old, advantages = batch(shape, 3)
    mask = random_mask(shape)
    logprobs.requires_grad_()
    ppo_math.policy_loss(logprobs, old, advantages, mask, 100.0).loss.backward()
    assert logprobs.grad is not None
    assert not logprobs.grad[~mask].any()
    assert logprobs.grad[mask].all()


def test_infinite_ratio_outside_the_loss_mask_does_no_harm() -> None:
    logprobs = torch.tensor([[0.0, 1e4]], requires_grad=True)
    mask = torch.tensor([[True, False]])
    found = ppo_math.policy_loss(logprobs, torch.zeros(1, 2), torch.ones(1, 2), mask, 0.2)
    found.loss.backward()
    assert logprobs.grad is not None
    assert torch.isfinite(logprobs.grad).all()


def test_value_loss_is_half_the_squared_error_within_the_clip_range() -> None:
    values = torch.tensor([[1.0, 5.0]])
    mask = torch.tensor([[True, False]])
    loss = ppo_math.value_loss(values, values, torch.tensor([[3.0, 0.0]]), mask, 0.2)
    assert loss == pytest.approx(2.0)


def test_value_that_ran_past_the_clip_range_gets_no_gradient() -> None:
    values = torch.tensor([[1.0]], requires_grad=True)
    mask = torch.ones(1, 1, dtype=torch.bool)
    ppo_math.value_loss(values, torch.zeros(1, 1), torch.tensor([[1.0]]), mask, 0.2).backward()
    assert values.grad is not None
    assert not values.grad.any()


def test_explained_variance_of_perfect_and_of_constant_values() -> None:
    returns = torch.tensor([[1.0, 2.0, 4.0]])
    mask = torch.ones(1, 3, dtype=torch.bool)
    assert ppo_math.explained_variance(returns, returns, mask) == pytest.approx(1.0)
    assert ppo_math.explained_variance(torch.zeros(1, 3), returns, mask) == pytest.approx(0.0)
    assert ppo_math.explained_variance(returns, torch.ones(1, 3), mask) == 0.0


@pytest.mark.parametrize(("kl", "factor"), [(6.0, 1.02), (5.05, 1.001), (5.0, 1.0), (0.0, 0.98)])
def test_controller_steers_towards_its_target(kl: float, factor: float) -> None:
    controller = ppo_math.KLController(0.1, target=5.0, horizon=1000)
    controller.update(kl, num_rollouts=100)
    assert controller.coef == pytest.approx(0.1 * factor)


def test_controller_without_target_keeps_its_coefficient() -> None:
    controller = ppo_math.KLController(0.1)
    controller.update(100.0, num_rollouts=100)
    assert controller.coef == 0.1
