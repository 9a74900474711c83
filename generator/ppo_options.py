"""The settings of PPO, checked when they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from generator.ppo_math import KLEstimator
from multipl_e.errors import UserError


@dataclass(frozen=True)
class PPOOptions:
    """How PPO tunes a generator. The defaults suit the tiny default model.

    Chosen on 60 unseen tasks with the default reranker as reward: 12 steps raised its score by
    0.33 sd of the reference (a perfect policy would by 0.76: that score cannot exceed 0), AdamW
    alone by 0.28; Muon at 3e-3 with temperature 0.8 and kl_coef 0.02 drifted and lost 0.25. A
    model of billions of parameters wants a learning_rate near 1e-6 and muon_learning_rate 0.

    Attributes:
        num_steps: Batches of rollouts; each is sampled from the present policy and then used for
            `num_epochs` passes.
        tasks_per_step: Tasks in a batch.
        rollouts_per_task: Completions sampled for each of them.
        max_new_tokens: Longest completion, in tokens.
        temperature: Divides the logits, in sampling and in every log-probability of the update.
        top_p: Sample from the smallest set of tokens with this probability in total. Below 1 the
            ratio is still that of the untruncated distributions.
        learning_rate: Peak learning rate of the policy (AdamW).
        muon_learning_rate: If above 0, the matrices between hidden states are moved by Muon at
            this peak rate, and AdamW keeps embeddings and vectors. For small models; set it to 0
            for large ones.
        value_learning_rate: Learning rate of the value head.
        lr_schedule: Shape of the learning rate over the steps, after the warm-up.
        warmup_steps: Steps over which the learning rate rises to its peak.
        weight_decay: Decoupled weight decay of the policy.
        max_grad_norm: Gradients are scaled down to this norm.
        num_epochs: Passes over a batch of rollouts.
        num_minibatches: Optimizer steps in a pass; the batch is shuffled and cut into so many.
        clip_range: Ratios beyond 1 ± this earn nothing more.
        value_clip_range: Furthest a value may move within a batch and still be trusted.
        value_coef: Weight of the value loss.
        value_trains_trunk: Let the value loss reach the policy's trunk. Off, the head reads
            detached features and the policy's gradient is the policy loss's alone.
        entropy_coef: Weight of an entropy bonus; 0 for none (entropy is reported anyway).
        gamma: Discount per token.
        lam: GAE's λ: 1 is the plain return, smaller leans on the values.
        whiten_advantages: Scale advantages to mean 0 and variance 1 over the tokens in the loss.
        whiten_rewards: Scale per-token rewards to variance 1 (their mean stays).
        kl_coef: β: weight of the KL to the reference in the per-token rewards.
        kl_estimator: k1 (plain log-ratio) or k3 (never negative, lower variance).
        kl_target: Wanted KL to the reference in nats per completion; steers `kl_coef` towards
            it. None keeps the coefficient.
        kl_horizon: Rollouts over which the steered coefficient may change by a fifth.
        target_kl: Stop using a batch as soon as the policy has moved this far from the one that
            sampled it, in nats per token. None never stops.
        normalise_reward: Shift and scale rewards to mean 0 and sd 1 on samples of the reference.
        num_reference_tasks: Tasks from which those statistics are estimated, if there are so many:
            those of the first step, and others where these are too few.
        reward_clip: Normalised rewards are cut to ± this.
        group_baseline: Subtract the mean score of the task's own rollouts from each score.
        missing_eos_penalty: Taken from the score of a completion that did not end by itself.
        share_prompts: Compute a prompt once for all its rollouts. Needs a model with a growing
            key-value cache and no gradient checkpointing; turn off for others.
        micro_batch_size: Most rollouts in a forward pass; gradients of a minibatch are accumulated.
            None takes a minibatch at once.
        mixed_precision: What Accelerate computes in.
        sampling_batch_size: Most rows in a decoding step.
    """

    num_steps: int = 12
    tasks_per_step: int = 16
    rollouts_per_task: int = 8
    max_new_tokens: int = 128
    temperature: float = 1.0
    top_p: float = 1.0
    learning_rate: float = 3e-4
    muon_learning_rate: float = 1e-3
    value_learning_rate: float = 3e-3
    lr_schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup_steps: int = 2
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    num_epochs: int = 2
    num_minibatches: int = 2
    clip_range: float = 0.2
    value_clip_range: float = 0.5
    value_coef: float = 0.5
    value_trains_trunk: bool = False
    entropy_coef: float = 0.0
    gamma: float = 1.0
    lam: float = 1.0
    whiten_advantages: bool = True
    whiten_rewards: bool = False
    kl_coef: float = 0.05
    kl_estimator: KLEstimator = "k1"
    kl_target: float | None = None
    kl_horizon: int = 1000
    target_kl: float | None = 0.05
    normalise_reward: bool = True
    num_reference_tasks: int = 32
    reward_clip: float = 5.0
    group_baseline: bool = True
    missing_eos_penalty: float | None = 1.0
    share_prompts: bool = True
    micro_batch_size: int | None = None
    mixed_precision: Literal["no", "bf16"] = "no"
    sampling_batch_size: int = 256

    def __post_init__(self) -> None:
        """Refuse settings that cannot work.

        Raises:
            UserError: names the setting, its value and what it may be.
        """
        at_least = {
            "num_steps": 1,
            "tasks_per_step": 1,
            "rollouts_per_task": 1,
            "max_new_tokens": 1,
            "num_epochs": 1,
            "num_minibatches": 1,
            "num_reference_tasks": 1,
            "sampling_batch_size": 1,
            "kl_horizon": 1,
            "warmup_steps": 0,
            "learning_rate": 0,
            "muon_learning_rate": 0,
            "value_learning_rate": 0,
            "weight_decay": 0,
            "value_coef": 0,
            "entropy_coef": 0,
            "kl_coef": 0,
        }
        for name, least in at_least.items():
            value = getattr(self, name)
            self._require(name, value >= least and math.isfinite(value), f"at least {least}")
        self._require(
            "micro_batch_size",
            self.micro_batch_size is None or self.micro_batch_size >= 1,
            "at least 1",
        )
        positive = ("temperature", "max_grad_norm", "clip_range", "value_clip_range")
        for name in (*positive, "reward_clip", "target_kl", "kl_target"):
            value = getattr(self, name)
            self._require(name, value is None or value > 0, "above 0")
        self._require("top_p", 0 < self.top_p <= 1, "above 0 and at most 1")
        for name in ("gamma", "lam"):
            self._require(name, 0 <= getattr(self, name) <= 1, "between 0 and 1")
        self._require(
            "missing_eos_penalty",
            self.missing_eos_penalty is None or self.missing_eos_penalty >= 0,
            "at least 0",
        )
        for name, known in (
            ("kl_estimator", ("k1", "k3")),
            ("lr_schedule", ("constant", "linear", "cosine")),
            ("mixed_precision", ("no", "bf16")),
        ):
            self._require(name, getattr(self, name) in known, "one of " + ", ".join(known))
        num_rollouts = self.tasks_per_step * self.rollouts_per_task
        if self.num_minibatches > num_rollouts:
            raise UserError(
                f"num_minibatches is {self.num_minibatches}, but a step has only {num_rollouts} "
                "rollouts; lower it, or raise tasks_per_step or rollouts_per_task"
            )
        if self.group_baseline and self.rollouts_per_task == 1:
            raise UserError(
                "group_baseline compares a task's rollouts and there is one; "
                "raise rollouts_per_task to 2 or more, or set group_baseline to false"
            )

    def _require(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise UserError(f"{name} is {getattr(self, name)}; it must be {wanted}")

    def learning_rate_factor(self, step: int) -> float:
        """Share of the peak learning rate at a step (from 0); positive at every step."""
        if step < self.warmup_steps:
            return (step + 1) / (self.warmup_steps + 1)
        left = 1 - (step - self.warmup_steps) / max(1, self.num_steps - self.warmup_steps)
        if self.lr_schedule == "linear":
            return left
        if self.lr_schedule == "cosine":
            return 0.5 * (1 - math.cos(math.pi * left))
        return 1.0
