"""The arithmetic of PPO as pure functions of tensors.

Shapes: `b` rollouts, `t` completion tokens, `v` vocabulary. Two masks travel side by side:

- ``action_mask_bt``: the tokens the policy itself chose (no prompt, no given prefix, no feedback,
  no padding). GAE, the per-token KL penalty and the value loss live on these and skip the rest.
- ``loss_mask_bt``: the subset whose choice enters the *policy* loss. It equals the action mask
  unless a method narrows it (FGO keeps executed tokens only). A token that is an action but not in
  the loss still carries its KL penalty, its value delta and its gamma-lambda decay.

Sources: PPO (arXiv 1707.06347), GAE (arXiv 1506.02438), "The N Implementation Details of RLHF with
PPO", Schulman's note on approximating KL, adaptive KL from arXiv 1909.08593.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

KLEstimator = Literal["k1", "k3"]


def token_logprobs(logits_btv: Tensor, tokens_bt: Tensor, temperature: float = 1.0) -> Tensor:
    """Log-probability in nats of each token under softmax(logits / temperature), shape (b, t)."""
    # The library's cross entropy goes over the vocabulary in fewer passes than a sum of our own.
    return -functional.cross_entropy(
        _tempered(logits_btv, temperature).flatten(0, -2), tokens_bt.flatten(), reduction="none"
    ).view_as(tokens_bt)


def token_entropy(logits_btv: Tensor, temperature: float = 1.0) -> Tensor:
    """Entropy in nats of each position's distribution, shape (b, t)."""
    logprobs_btv = _tempered(logits_btv, temperature).log_softmax(-1)
    return -(logprobs_btv.exp() * logprobs_btv).sum(-1)


def _tempered(logits_btv: Tensor, temperature: float) -> Tensor:
    """The logits in float32, divided by the temperature; not copied if there is nothing to do."""
    return logits_btv.float() if temperature == 1 else logits_btv.float() / temperature


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the positions where `mask` is true; 0 where there is none."""
    return values.masked_fill(~mask, 0.0).sum() / mask.sum().clamp(min=1)


def masked_whiten(values: Tensor, mask: Tensor, *, shift_mean: bool = True) -> Tensor:
    """Scale to variance 1 (unbiased) and, unless told otherwise, to mean 0 over `mask`.

    Positions outside the mask take no part in the statistics and come back as 0. With fewer than
    two positions there is no variance: the values come back unscaled.
    """
    count = mask.sum()
    mean = masked_mean(values, mask)
    if count > 1:
        variance = masked_mean((values - mean) ** 2, mask) * count / (count - 1)
        whitened = (values - mean) * torch.rsqrt(variance + 1e-8)
    else:
        whitened = values - mean
    if not shift_mean:
        whitened = whitened + mean
    return whitened.masked_fill(~mask, 0.0)


def kl_estimate(logprobs_bt: Tensor, ref_logprobs_bt: Tensor, estimator: KLEstimator) -> Tensor:
    """KL(policy || reference) estimated at each sampled token, shape (b, t).

    With r = p_ref / p of the sampled token: k1 = -log r (unbiased, may be negative),
    k3 = (r - 1) - log r (unbiased, never negative, lower variance).
    """
    log_ratio_bt = ref_logprobs_bt - logprobs_bt
    if estimator == "k1":
        return -log_ratio_bt
    return torch.expm1(log_ratio_bt) - log_ratio_bt


def last_action(action_mask_bt: Tensor) -> Tensor:
    """Index of each row's last action, shape (b,); rows without any give 0."""
    positions_t = torch.arange(action_mask_bt.shape[1], device=action_mask_bt.device)
    return (positions_t * action_mask_bt).amax(dim=1)


def token_rewards(
    scores_b: Tensor, kl_bt: Tensor, action_mask_bt: Tensor, kl_coef: float
) -> Tensor:
    """-kl_coef times the KL at every action, plus the score at the last one; 0 elsewhere."""
    rewards_bt = (-kl_coef * kl_bt).masked_fill(~action_mask_bt, 0.0)
    has_action_b = action_mask_bt.any(dim=1)
    scores_b = scores_b.masked_fill(~has_action_b, 0.0)
    return rewards_bt.scatter_add(
        1, last_action(action_mask_bt).unsqueeze(1), scores_b.to(rewards_bt.dtype).unsqueeze(1)
    )


def gae(
    rewards_bt: Tensor, values_bt: Tensor, action_mask_bt: Tensor, gamma: float, lam: float
) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimates over the actions alone.

    The recursion steps from one action to the next as if the tokens between them were not there:
    they carry no reward, no value delta and no gamma-lambda decay. The result is that of the
    compacted sequence, scattered back; 0 outside the mask. The state after the last action is
    worth 0 (the episode has ended).

    Returns:
        advantages_bt and returns_bt (advantages + values).
    """
    values_bt = values_bt.masked_fill(~action_mask_bt, 0.0)
    next_value_b = torch.zeros_like(values_bt[:, 0])
    running_b = torch.zeros_like(next_value_b)
    advantages_bt = torch.zeros_like(values_bt)
    for t in reversed(range(values_bt.shape[1])):
        acting_b = action_mask_bt[:, t]
        delta_b = rewards_bt[:, t] + gamma * next_value_b - values_bt[:, t]
        running_b = torch.where(acting_b, delta_b + gamma * lam * running_b, running_b)
        next_value_b = torch.where(acting_b, values_bt[:, t], next_value_b)
        advantages_bt[:, t] = running_b
    advantages_bt = advantages_bt.masked_fill(~action_mask_bt, 0.0)
    return advantages_bt, advantages_bt + values_bt


@dataclass(frozen=True)
class PolicyLoss:
    """The clipped policy loss and what is watched beside it.

    Attributes:
        loss: Mean over the loss mask of max(-A r, -A clip(r)).
        clip_fraction: Share of tokens in the loss where the clipped term is the larger.
        approx_kl: KL(old || new) over the loss mask by the k3 estimator, nats per token.
    """

    loss: Tensor
    clip_fraction: Tensor
    approx_kl: Tensor


def policy_loss(
    logprobs_bt: Tensor,
    old_logprobs_bt: Tensor,
    advantages_bt: Tensor,
    loss_mask_bt: Tensor,
    clip_range: float,
) -> PolicyLoss:
    """PPO's clipped surrogate (arXiv 1707.06347, equation 7) over `loss_mask_bt`."""
    log_ratio_bt = (logprobs_bt - old_logprobs_bt).masked_fill(~loss_mask_bt, 0.0)
    ratio_bt = log_ratio_bt.exp()
    plain_bt = -advantages_bt * ratio_bt
    clipped_bt = -advantages_bt * ratio_bt.clamp(1 - clip_range, 1 + clip_range)
    with torch.no_grad():
        clip_fraction = masked_mean((clipped_bt > plain_bt).float(), loss_mask_bt)
        approx_kl = masked_mean(torch.expm1(log_ratio_bt) - log_ratio_bt, loss_mask_bt)
    return PolicyLoss(
        masked_mean(torch.max(plain_bt, clipped_bt), loss_mask_bt), clip_fraction, approx_kl
    )


def value_loss(
    values_bt: Tensor,
    old_values_bt: Tensor,
    returns_bt: Tensor,
    action_mask_bt: Tensor,
    clip_range: float,
) -> Tensor:
    """Half the mean squared error over the actions; a value may move by `clip_range` per batch."""
    clipped_bt = old_values_bt + (values_bt - old_values_bt).clamp(-clip_range, clip_range)
    errors_bt = torch.max((values_bt - returns_bt) ** 2, (clipped_bt - returns_bt) ** 2)
    return 0.5 * masked_mean(errors_bt, action_mask_bt)


def explained_variance(values_bt: Tensor, returns_bt: Tensor, mask_bt: Tensor) -> float:
    """1 - var(returns - values) / var(returns): 1 perfect, 0 no better than a constant."""
    returns, residuals = returns_bt[mask_bt], (returns_bt - values_bt)[mask_bt]
    if returns.numel() < 2 or returns.var() == 0:
        return 0.0
    return float(1 - residuals.var() / returns.var())


class KLController:
    """The KL coefficient: fixed, or steered towards a target KL per completion.

    The adaptive form (arXiv 1909.08593, section 2.2) multiplies the coefficient by
    ``1 + clip(kl / target - 1, -0.2, 0.2) * num_rollouts / horizon`` after each batch.

    Args:
        coef: The first coefficient.
        target: Wanted KL to the reference in nats per completion; None keeps the coefficient.
        horizon: Number of rollouts over which the coefficient may change by a fifth.
    """

    def __init__(self, coef: float, target: float | None = None, horizon: int = 1000) -> None:
        self.coef = coef
        self.target = target
        self.horizon = horizon

    def update(self, kl: float, num_rollouts: int) -> None:
        """Account for a batch of `num_rollouts` whose mean KL per completion was `kl` nats."""
        if self.target is None:
            return
        error = min(max(kl / self.target - 1, -0.2), 0.2)
        self.coef *= 1 + error * num_rollouts / self.horizon
