"""PPO: one implementation for rewards from a reranker, from a compiler, or from an episode.

A step is: sample rollouts from the present policy, score them, form per-token rewards (score at
the last action, minus beta times the KL to the reference at every action), estimate advantages,
and take a few clipped optimizer steps. What differs between methods comes in from outside:

- the reward is any callable ``(tasks, candidates) -> list[float]``;
- which tokens are in the policy loss is `Rollout.loss_mask` (see `ppo_math` for how it differs
  from the action mask over which GAE, the KL penalty and the value loss run);
- rollouts of another making (prefixes of a solution, several turns) go into `PPOTrainer.update`.

Behaviour log-probabilities are recomputed by the trainer's own forward pass: the values at the
rollout are needed from that pass anyway, and the first ratio is then 1 to the last bit.
"""

from __future__ import annotations

import copy
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import gather_object
from torch import Tensor
from transformers import PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from generator import ppo_math
from generator.decoding import stream_seed
from generator.model import load_generator
from generator.ppo_history import PPOResult, PPOStep
from generator.ppo_model import (
    Evaluation,
    Experience,
    PolicyWithValue,
    TokenBatch,
    make_optimizers,
    pad_right,
    rollout_outputs,
)
from generator.ppo_options import PPOOptions
from generator.ppo_rollouts import (
    LossMask,
    Reward,
    RewardScale,
    Rollout,
    describe,
    sample_rollouts,
    score_rollouts,
    shaped_scores,
)
from multipl_e.errors import UserError
from multipl_e.records import Task

__all__ = ["PPOOptions", "PPOResult", "PPOStep", "PPOTrainer", "Reward", "Rollout", "train_ppo"]


class PPOTrainer:
    """Policy, frozen reference, value head and optimizer, and how one batch changes them."""

    def __init__(
        self,
        policy: PreTrainedModel,
        tokenizer: Tokenizer,
        options: PPOOptions,
        *,
        seed: int = 0,
        reference: PreTrainedModel | None = None,
        accelerator: Accelerator | None = None,
    ) -> None:
        """Prepare to tune.

        Args:
            policy: The model to tune, in place.
            tokenizer: Its tokenizer.
            options: The settings.
            seed: Decides the samples and the make-up of the minibatches.
            reference: What the KL is measured to; by default a frozen copy of `policy`.
            accelerator: By default one for `options.mixed_precision` on the policy's device.
        """
        self.options, self.tokenizer, self.seed = options, tokenizer, seed
        if accelerator is None:
            # As transformers' own trainer does: an earlier trainer's precision must not bind us.
            AcceleratorState._reset_state()
            accelerator = Accelerator(
                mixed_precision=options.mixed_precision, cpu=policy.device.type == "cpu"
            )
        self.accelerator = accelerator
        self.reference = reference or copy.deepcopy(policy)
        self.reference.requires_grad_(False).train(False).to(self.accelerator.device)
        if options.mixed_precision == "bf16":
            self.reference.bfloat16()  # nothing is learnt there: half the memory
        module = PolicyWithValue(
            policy,
            temperature=options.temperature,
            share_prompts=options.share_prompts,
            value_trains_trunk=options.value_trains_trunk,
        )
        self.module = self.accelerator.prepare(module)
        self.optimizers = [self.accelerator.prepare(o) for o in make_optimizers(module, options)]
        self._peaks = [[g["lr"] for g in o.param_groups] for o in self.optimizers]
        # No dropout: it would make the ratio differ from 1 before anything was learnt.
        self.module.eval()
        self.kl_controller = ppo_math.KLController(
            options.kl_coef, options.kl_target, options.kl_horizon
        )
        self.scale = RewardScale()
        self.num_steps_done = 0
        self._shuffle = torch.Generator().manual_seed(seed)

    @property
    def policy(self) -> PreTrainedModel:
        """The model being tuned, without the wrappers."""
        policy: PreTrainedModel = self.accelerator.unwrap_model(self.module).policy
        return policy

    def own_share(self, tasks: Sequence[Task]) -> list[Task]:
        """The part of a batch that this process works on: all of it if there is one process."""
        accelerator = self.accelerator
        return list(tasks[accelerator.process_index :: accelerator.num_processes])

    def collect(self, tasks: Sequence[Task], reward: Reward) -> list[Rollout]:
        """Sample from the present policy and score; raw scores."""
        seed = stream_seed(self.seed, self.num_steps_done)
        rollouts = sample_rollouts(self.policy, self.tokenizer, tasks, self.options, seed)
        return score_rollouts(rollouts, reward)

    def fit_reward_scale(self, rollouts: Sequence[Rollout]) -> None:
        """Take mean 0 and sd 1 of the reward from these rollouts (of the reference)."""
        self.scale = RewardScale.of(gather_object([r.score for r in rollouts]))

    @torch.no_grad()
    def evaluate(self, rollouts: Sequence[Rollout]) -> Evaluation:
        """The forward passes before an update; scores may still be unknown."""
        options, device = self.options, self.accelerator.device
        tokens = TokenBatch.of(
            [r.prompt_ids for r in rollouts], [r.token_ids for r in rollouts], device
        )
        num_rows, width = tokens.tokens_bt.shape
        rows_b = torch.arange(num_rows, device=device)
        found = []
        for index_b in torch.split(rows_b, options.micro_batch_size or num_rows):
            piece = tokens.rows(index_b, width)
            with self.accelerator.autocast():
                reference_btv, _ = rollout_outputs(
                    self.reference, piece, share_prompts=options.share_prompts
                )
            reference_bt = ppo_math.token_logprobs(
                reference_btv, piece.tokens_bt, options.temperature
            )
            del reference_btv  # as large as the policy's, which come next
            found.append((*self.module(piece, entropy=True), reference_bt))
        columns = (torch.cat(column) for column in zip(*found, strict=True))
        return Evaluation(tokens, *columns)

    def update(self, rollouts: Sequence[Rollout], evaluation: Evaluation | None = None) -> PPOStep:
        """Learn from scored rollouts of the present policy.

        Rollouts whose score is NaN (nobody could judge them) or that hold no token are left out.

        Args:
            rollouts: What to learn from.
            evaluation: What `evaluate` said of these rollouts, if it was asked already.

        Raises:
            UserError: if none is left.
        """
        started = time.monotonic()
        options = self.options
        kept = [i for i, r in enumerate(rollouts) if math.isfinite(r.score) and any(r.actions)]
        if not kept:
            raise UserError("no rollout of this step could be scored; check the reward's executor")
        usable = [rollouts[i] for i in kept]
        if evaluation is None:
            evaluation = self.evaluate(usable)
        elif len(kept) < len(rollouts):
            evaluation = evaluation.rows(torch.tensor(kept, device=self.accelerator.device))
        factor = options.learning_rate_factor(self.num_steps_done)
        for optimizer, peaks in zip(self.optimizers, self._peaks, strict=True):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * factor
        experience, watched = self._experience(usable, evaluation)
        watched |= self._optimise(experience) | describe(rollouts, self.scale)
        watched = self._average(watched)
        kl_coef = self.kl_controller.coef
        self.kl_controller.update(watched["kl"], len(usable) * self.accelerator.num_processes)
        self.num_steps_done += 1
        return PPOStep(
            step=self.num_steps_done,
            kl_coef=kl_coef,
            num_rollouts=len(usable) * self.accelerator.num_processes,
            num_optimizer_steps=int(watched.pop("num_optimizer_steps")),
            learning_rate=options.learning_rate * factor,
            seconds=time.monotonic() - started,
            **watched,
        )

    @torch.no_grad()
    def _experience(
        self, rollouts: Sequence[Rollout], evaluation: Evaluation
    ) -> tuple[Experience, dict[str, float]]:
        """Rewards and advantages of a batch."""
        options, device = self.options, self.accelerator.device
        logprobs_bt, ref_logprobs_bt = evaluation.logprobs_bt, evaluation.ref_logprobs_bt
        values_bt, width = evaluation.values_bt, evaluation.logprobs_bt.shape[1]
        action_bt = pad_right([r.actions for r in rollouts], False, width=width, device=device)
        loss_bt = pad_right([r.in_loss for r in rollouts], False, width=width, device=device)
        kl_bt = ppo_math.kl_estimate(logprobs_bt, ref_logprobs_bt, options.kl_estimator)
        scores_b = torch.tensor(shaped_scores(rollouts, self.scale, options), device=device)
        rewards_bt = ppo_math.token_rewards(scores_b, kl_bt, action_bt, self.kl_controller.coef)
        if options.whiten_rewards:
            rewards_bt = ppo_math.masked_whiten(rewards_bt, action_bt, shift_mean=False)
        advantages_bt, returns_bt = ppo_math.gae(
            rewards_bt, values_bt, action_bt, options.gamma, options.lam
        )
        if options.whiten_advantages:
            advantages_bt = ppo_math.masked_whiten(advantages_bt, loss_bt)
        k3_bt = ppo_math.kl_estimate(logprobs_bt, ref_logprobs_bt, "k3").masked_fill(~action_bt, 0)
        watched = {
            "kl": float(k3_bt.sum(1).mean()),
            "entropy": float(ppo_math.masked_mean(evaluation.entropy_bt, action_bt)),
            "explained_variance": ppo_math.explained_variance(values_bt, returns_bt, action_bt),
        }
        return (
            Experience(
                evaluation.tokens,
                logprobs_bt,
                values_bt,
                advantages_bt,
                returns_bt,
                action_bt,
                loss_bt,
            ),
            watched,
        )

    def _optimise(self, experience: Experience) -> dict[str, float]:
        """Passes over the batch in shuffled minibatches, until done or too far away."""
        options = self.options
        num_minibatches = self._lowest(min(options.num_minibatches, len(experience)))
        taken: list[dict[str, float]] = []
        found = {"policy_loss": 0.0, "value_loss": 0.0, "clip_fraction": 0.0, "approx_kl": 0.0}
        for _ in range(options.num_epochs):
            order = self._shuffled(experience.tokens.prompt_of_b)
            for index in order.tensor_split(num_minibatches):
                found = self._backward(experience.rows(index))
                if options.target_kl is not None and found["approx_kl"] > options.target_kl:
                    break
                self.accelerator.clip_grad_norm_(self.module.parameters(), options.max_grad_norm)
                for optimizer in self.optimizers:
                    optimizer.step()
                taken.append(found)
            else:
                continue
            break
        self._zero_grad()
        means = {name: statistics.fmean(row[name] for row in taken or [found]) for name in found}
        return means | {
            "approx_kl": found["approx_kl"],
            "num_optimizer_steps": float(len(taken)),
        }

    def _backward(self, minibatch: Experience) -> dict[str, float]:
        """Accumulate the gradient of a minibatch; returns its means over all processes."""
        options = self.options
        self._zero_grad()
        num_in_loss = minibatch.loss_mask_bt.sum().clamp(min=1)
        num_actions = minibatch.action_mask_bt.sum().clamp(min=1)
        totals = dict.fromkeys(("policy_loss", "value_loss", "clip_fraction", "approx_kl"), 0.0)
        pieces = minibatch.pieces(options.micro_batch_size)
        for number, piece in enumerate(pieces):
            # Each piece counts by its share of tokens: the sum is the minibatch's own mean.
            loss_share = piece.loss_mask_bt.sum() / num_in_loss
            value_share = piece.action_mask_bt.sum() / num_actions
            last = number == len(pieces) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.module):
                logprobs_bt, values_bt, entropy_bt = self.module(
                    piece.tokens, entropy=options.entropy_coef > 0
                )
                policy = ppo_math.policy_loss(
                    logprobs_bt,
                    piece.logprobs_bt,
                    piece.advantages_bt,
                    piece.loss_mask_bt,
                    options.clip_range,
                )
                value = ppo_math.value_loss(
                    values_bt,
                    piece.values_bt,
                    piece.returns_bt,
                    piece.action_mask_bt,
                    options.value_clip_range,
                )
                loss = loss_share * policy.loss + options.value_coef * value_share * value
                if entropy_bt is not None:
                    bonus = ppo_math.masked_mean(entropy_bt, piece.loss_mask_bt)
                    loss = loss - options.entropy_coef * loss_share * bonus
                self.accelerator.backward(loss)
            totals["policy_loss"] += (loss_share * policy.loss).item()
            totals["value_loss"] += (value_share * value).item()
            totals["clip_fraction"] += (loss_share * policy.clip_fraction).item()
            totals["approx_kl"] += (loss_share * policy.approx_kl).item()
        return self._average(totals)

    def _zero_grad(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def _average(self, numbers: dict[str, float]) -> dict[str, float]:
        """Mean over the processes, so that all of them decide alike."""
        if self.accelerator.num_processes == 1:
            return numbers
        values = torch.tensor(list(numbers.values()), device=self.accelerator.device)
        means = self.accelerator.reduce(values, "mean").tolist()
        return dict(zip(numbers, means, strict=True))

    def _lowest(self, number: int) -> int:
        """The lowest of the processes' numbers."""
        numbers = self.accelerator.gather(torch.tensor([number], device=self.accelerator.device))
        return int(numbers.min())

    def _shuffled(self, prompt_of_b: Tensor) -> Tensor:
        """Rows in random order of their prompts: a minibatch then computes few prompts."""
        rank_p = torch.randperm(int(prompt_of_b.max()) + 1, generator=self._shuffle)
        return rank_p.to(prompt_of_b.device)[prompt_of_b].argsort(stable=True)


def train_ppo(
    policy_path: str | Path,
    tasks: Sequence[Task],
    reward: Reward,
    output_dir: str | Path,
    options: PPOOptions | None = None,
    seed: int = 0,
    *,
    on_step: Callable[[PPOStep], None] | None = None,
    loss_mask: LossMask | None = None,
) -> PPOResult:
    """Tune a fresh copy of a generator towards a reward and save it.

    Args:
        policy_path: Where the policy and its reference start (the SFT checkpoint).
        tasks: The tasks to sample for; gone through in shuffled passes.
        reward: Scores of candidates, one task for each candidate; NaN where it is unknown.
        output_dir: Receives the policy in Hugging Face format and ``ppo.json``.
        options: The settings.
        seed: On a CPU the same seed gives the same policy.
        on_step: Called after each step.
        loss_mask: Narrows the policy loss to some tokens of each rollout.

    Raises:
        UserError: if there are no tasks, no such model, or no rollout could be scored.
    """
    started = time.monotonic()
    options = options or PPOOptions()
    if not tasks:
        raise UserError("PPO needs at least one task; the list given is empty")
    torch.manual_seed(seed)
    policy, tokenizer = load_generator(policy_path, dtype="float32")
    trainer = PPOTrainer(policy, tokenizer, options, seed=seed)
    rng = random.Random(seed)
    history: list[PPOStep] = []
    queue: list[Task] = []
    for _ in range(options.num_steps):
        begun = time.monotonic()
        while len(queue) < options.tasks_per_step:
            queue += rng.sample(list(tasks), len(tasks))
        batch, queue = queue[: options.tasks_per_step], queue[options.tasks_per_step :]
        rollouts = trainer.collect(trainer.own_share(batch), reward)
        if options.normalise_reward and not history:
            # Before its first step the policy is the reference.
            met = {task.key for task in batch}
            others = [task for task in tasks if task.key not in met]
            wanted = min(max(0, options.num_reference_tasks - len(met)), len(others))
            more = trainer.own_share(rng.sample(others, wanted))
            trainer.fit_reward_scale([*rollouts, *trainer.collect(more, reward)])
        if loss_mask is not None:
            masks = loss_mask(rollouts)
            rollouts = [
                replace(r, loss_mask=tuple(m)) for r, m in zip(rollouts, masks, strict=True)
            ]
        step = replace(trainer.update(rollouts), seconds=time.monotonic() - begun)
        history.append(step)
        if on_step is not None:
            on_step(step)
    result = PPOResult(
        Path(output_dir), history, trainer.scale.mean, trainer.scale.sd, time.monotonic() - started
    )
    if trainer.accelerator.is_main_process:
        trainer.policy.save_pretrained(output_dir)
        tokenizer.save_pretrained(output_dir)
        summary = asdict(result) | {"output_dir": str(output_dir), "options": asdict(options)}
        text = json.dumps(summary | {"seed": seed}, indent=2)
        (result.output_dir / "ppo.json").write_text(text + "\n")
    trainer.accelerator.wait_for_everyone()
    return result
