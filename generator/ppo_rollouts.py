"""Rollouts: what the policy wrote, what it earned, and how earnings are put on one scale."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from transformers import PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from generator.decoding import completion_text, cut_at_stop, generate, stream_seed
from generator.model import end_token_ids
from generator.ppo_options import PPOOptions
from generator.samplers.transformers import TransformersSampler
from multipl_e.records import Candidate, Task

# (tasks, candidates), one task for each candidate -> one number for each; NaN where it is unknown.
Reward = Callable[[list[Task], list[Candidate]], list[float]]


@dataclass(frozen=True, slots=True)
class Rollout:
    """One episode of the policy, with everything the update needs.

    Attributes:
        task: The task.
        candidate: The program, as the reward sees it.
        prompt_ids: Tokens that are given.
        token_ids: Tokens that follow: the policy's own, and whatever was put between them.
        finished: Whether the completion ended by itself (not by running out of tokens).
        score: What it earned at its end; NaN if that is unknown.
        action_mask: True at the tokens that the policy chose; None for all of them. GAE, the KL
            penalty and the value loss run over these.
        loss_mask: True at the chosen tokens that enter the policy loss; None for all of them.
    """

    task: Task
    candidate: Candidate
    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    finished: bool
    score: float = math.nan
    action_mask: tuple[bool, ...] | None = None
    loss_mask: tuple[bool, ...] | None = None

    @property
    def actions(self) -> tuple[bool, ...]:
        """The action mask, one entry for each of `token_ids`."""
        return self.action_mask or (True,) * len(self.token_ids)

    @property
    def in_loss(self) -> tuple[bool, ...]:
        """The loss mask; never wider than the action mask."""
        wanted = self.actions if self.loss_mask is None else self.loss_mask
        return tuple(a and b for a, b in zip(self.actions, wanted, strict=True))


# Narrows the policy loss: one mask over `token_ids` for each rollout.
LossMask = Callable[[Sequence[Rollout]], Sequence[Sequence[bool]]]


def sample_rollouts(
    model: PreTrainedModel,
    tokenizer: Tokenizer,
    tasks: Sequence[Task],
    options: PPOOptions,
    seed: int,
    prefixes: Sequence[str] | None = None,
) -> list[Rollout]:
    """Sample `options.rollouts_per_task` completions of each task, grouped in task order.

    Args:
        model: The policy.
        tokenizer: Its tokenizer.
        tasks: What to write.
        options: How to sample.
        seed: The same seed gives the same rollouts.
        prefixes: The beginning of each task's solution, if it is given: the policy writes on from
            there. It joins the prompt's tokens and the candidate's text.
    """
    sampler = TransformersSampler((model, tokenizer), max_new_tokens=options.max_new_tokens)
    prefixes = prefixes or [""] * len(tasks)
    prompts = [
        sampler.encode(task) + encode_part(tokenizer, prefix)
        for task, prefix in zip(tasks, prefixes, strict=True)
    ]
    groups = generate(
        model,
        tokenizer,
        prompts,
        options.rollouts_per_task,
        temperature=options.temperature,
        top_p=options.top_p,
        max_new_tokens=options.max_new_tokens,
        generator_seed=[stream_seed(seed, i, *task.key) for i, task in enumerate(tasks)],
        stop=[task.stop_tokens for task in tasks],
        batch_size=options.sampling_batch_size,
    )
    ends = end_token_ids(model, tokenizer)
    rollouts = []
    for task, prefix, prompt, group in zip(tasks, prefixes, prompts, groups, strict=True):
        for index, sample in enumerate(group):
            text = completion_text(tokenizer, prompt, sample.token_ids)
            text = prefix + cut_at_stop(text, task.stop_tokens)
            candidate = Candidate(task.name, task.language, text, index=index, sampler="ppo")
            ids = sample.token_ids
            finished = len(ids) < options.max_new_tokens or ids[-1] in ends
            rollouts.append(Rollout(task, candidate, tuple(prompt), tuple(ids), finished))
    return rollouts


def encode_part(tokenizer: Tokenizer, text: str) -> list[int]:
    """The tokens of a text that continues another, as SFT joins a solution to its prompt."""
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"] if text else []
    return ids


def score_rollouts(rollouts: Sequence[Rollout], reward: Reward) -> list[Rollout]:
    """Ask for the reward of each distinct program once; returns the rollouts with raw scores.

    Raises:
        ValueError: if `reward` returns another number of scores than it was given candidates.
    """
    distinct: dict[tuple[str, str, str], int] = {}
    tasks, candidates = [], []
    for rollout in rollouts:
        key = (*rollout.task.key, rollout.candidate.text)
        if key not in distinct:
            distinct[key] = len(distinct)
            tasks.append(rollout.task)
            candidates.append(rollout.candidate)
    scores = reward(tasks, candidates) if candidates else []
    if len(scores) != len(candidates):
        raise ValueError(f"the reward gave {len(scores)} scores for {len(candidates)} candidates")
    return [
        replace(r, score=float(scores[distinct[(*r.task.key, r.candidate.text)]])) for r in rollouts
    ]


@dataclass(frozen=True)
class RewardScale:
    """Mean and sd of the reward on samples of the reference (METHODS §1, stage C)."""

    mean: float = 0.0
    sd: float = 1.0

    @classmethod
    def of(cls, scores: Sequence[float]) -> RewardScale:
        """The scale on which these scores have mean 0 and sd 1; unknown ones are skipped.

        Scores that are all equal have no spread: they are only centred.
        """
        known = [score for score in scores if math.isfinite(score)]
        if not known:
            return cls()
        sd = statistics.stdev(known) if len(known) > 1 else 0.0
        return cls(statistics.fmean(known), sd if sd > 1e-8 else 1.0)

    def apply(self, score: float) -> float:
        """The score in sds of the reference."""
        return (score - self.mean) / self.sd


def describe(rollouts: Sequence[Rollout], scale: RewardScale) -> dict[str, float]:
    """What a batch looks like, as fields of `PPOStep`; at least one score must be known."""
    scores = [scale.apply(r.score) for r in rollouts if math.isfinite(r.score)]
    programs = {(*r.task.key, r.candidate.text) for r in rollouts}
    return {
        "score_mean": statistics.fmean(scores),
        "score_sd": statistics.stdev(scores) if len(scores) > 1 else 0.0,
        "finished_share": statistics.fmean(r.finished for r in rollouts),
        "distinct_share": len(programs) / len(rollouts),
        "length": statistics.fmean(len(r.token_ids) for r in rollouts),
    }


def shaped_scores(
    rollouts: Sequence[Rollout], scale: RewardScale, options: PPOOptions
) -> list[float]:
    """The reward at each rollout's last action.

    Normalised and clipped, less the penalty for not ending, less the mean of the task's own
    rollouts if `options.group_baseline`. Every score must be known.
    """
    limit, penalty = options.reward_clip, options.missing_eos_penalty or 0.0
    scores = [scale.apply(r.score) for r in rollouts]
    if options.normalise_reward:
        scores = [min(max(score, -limit), limit) for score in scores]
    scores = [
        score if rollout.finished else score - penalty
        for score, rollout in zip(scores, rollouts, strict=True)
    ]
    if not options.group_baseline:
        return scores
    groups: dict[tuple[str, str], list[float]] = {}
    for rollout, score in zip(rollouts, scores, strict=True):
        groups.setdefault(rollout.task.key, []).append(score)
    return [
        score - statistics.fmean(groups[rollout.task.key])
        for rollout, score in zip(rollouts, scores, strict=True)
    ]
