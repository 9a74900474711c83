"""What a run of PPO reports: a row a step, and the result of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PPOStep:
    """What one step did.

    Attributes:
        step: Number of the step, from 1.
        score_mean: Mean score, in sds of the reference above the reference's mean if rewards are
            normalised (before clipping, penalties and baselines).
        score_sd: Their standard deviation, in the same unit.
        kl: KL to the reference of the policy that sampled, nats per completion (k3).
        kl_coef: Weight of the KL penalty in this step.
        entropy: Entropy of the sampling policy, nats per token.
        policy_loss: Mean over the optimizer steps.
        value_loss: Mean over the optimizer steps.
        approx_kl: How far the last optimizer step found the policy from the one that sampled,
            nats per token.
        clip_fraction: Share of tokens whose ratio was clipped, mean over the optimizer steps.
        explained_variance: Of the returns, by the values before the update.
        num_optimizer_steps: Optimizer steps taken; fewer than planned after an early stop.
        num_rollouts: Rollouts whose reward was known.
        finished_share: Share of completions that ended by themselves.
        distinct_share: Share of programs that are distinct within the batch.
        length: Mean number of tokens of a completion.
        learning_rate: The policy's learning rate.
        seconds: Wall time of the step.
    """

    step: int
    score_mean: float
    score_sd: float
    kl: float
    kl_coef: float
    entropy: float
    policy_loss: float
    value_loss: float
    approx_kl: float
    clip_fraction: float
    explained_variance: float
    num_optimizer_steps: int
    num_rollouts: int
    finished_share: float
    distinct_share: float
    length: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class PPOResult:
    """What a run of PPO left behind.

    Attributes:
        output_dir: The tuned policy in Hugging Face format, with ``ppo.json`` beside it.
        history: One row a step.
        reward_mean: Mean raw reward of the reference's samples.
        reward_sd: Their standard deviation: the unit of `PPOStep.score_mean`.
        seconds: Wall time, everything included.
    """

    output_dir: Path
    history: list[PPOStep]
    reward_mean: float
    reward_sd: float
    seconds: float
