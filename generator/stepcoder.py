"""StepCoder: PPO from compiler feedback with a curriculum and an executed-token mask.

METHODS.md, section 2. A step samples a batch in parts; while the next part is sampled, the last one
is executed in the background, and the very last beside the policy's and the reference's forward
passes, which need no verdict. The verdicts give the rewards, the lines that ran give the mask, and
the pass rates move the curriculum.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import gather_object
from transformers import PreTrainedTokenizerBase as Tokenizer

from generator.curriculum import Curriculum
from generator.decoding import stream_seed
from generator.fine_grained import (
    executed_characters,
    keeps_every_token,
    token_mask,
    token_spans,
)
from generator.model import load_generator, max_positions
from generator.ppo import PPOTrainer
from generator.ppo_history import PPOStep
from generator.ppo_rollouts import Rollout, sample_rollouts
from generator.ppo_state import restore_trainer, trainer_state
from generator.rewards import BackgroundJudge, reward_of
from generator.samplers.transformers import TransformersSampler
from generator.stepcoder_options import StepCoderOptions
from multipl_e.errors import UserError
from multipl_e.files import replacing
from multipl_e.records import Task, TaskKey, Verdict

if TYPE_CHECKING:
    from multipl_e.executors import Executor


@dataclass(frozen=True)
class StepCoderStep:
    """What one step did.

    Attributes:
        ppo: What PPO says of it.
        pass_rate: Share of the judged rollouts that passed.
        in_loss: Share of the policy's tokens that entered the policy loss.
        remaining: Share of the training tasks by the number of courses before plain generation,
            after this step.
        seconds: Of the whole step.
        executing_seconds: For which programs were being executed, most of it beside the sampling.
        waiting_seconds: For which nothing but their execution went on.
    """

    ppo: PPOStep
    pass_rate: float
    in_loss: float
    remaining: dict[int, float]
    seconds: float
    executing_seconds: float
    waiting_seconds: float


@dataclass(frozen=True)
class EvaluatedTask:
    """How one task fares in plain generation: `num_passed` of `num_judged` samples."""

    name: str
    language: str
    difficulty: str | None
    num_passed: int
    num_judged: int


@dataclass(frozen=True)
class StepCoderResult:
    """What a run left behind: one row a step, and pass@1 before and after."""

    output_dir: Path
    history: list[StepCoderStep]
    before: list[EvaluatedTask]
    after: list[EvaluatedTask]


class StepCoder:
    """A run: the trainer, the curriculum, and the order of the tasks."""

    def __init__(
        self,
        trainer: PPOTrainer,
        tasks: Sequence[Task],
        executor: Executor,
        options: StepCoderOptions,
        seed: int,
    ) -> None:
        self.trainer, self.options, self.executor, self.seed = trainer, options, executor, seed
        self.tasks = {task.key: task for task in tasks}
        plain = [t.key for t in tasks if not options.curriculum or not self._fits(t)]
        self.curriculum = Curriculum(tasks, options.pass_rate, plain=plain)
        self.history: list[StepCoderStep] = []
        self._rng = random.Random(seed)
        self._queue: list[TaskKey] = []

    def step(self) -> StepCoderStep:
        """Sample, execute, learn, and move the curriculum."""
        started = time.monotonic()
        trainer, batch = self.trainer, self._next_batch()
        with BackgroundJudge(self.executor, coverage=self.options.fine_grained) as judge:
            parts = self._sample(batch, judge)
            # The passes that need no verdict go on beside the execution of the last part.
            evaluation = trainer.evaluate([rollout for part, _ in parts for rollout in part])
            waited = time.monotonic()
            outcomes = [
                outcome
                for part, verdicts in parts
                for outcome in zip(part, verdicts.result(), strict=True)
            ]
            waiting = time.monotonic() - waited
            executing = judge.busy_seconds
        rollouts = [self._finished(rollout, verdict) for rollout, verdict in outcomes]
        ppo = trainer.update(rollouts, evaluation)
        judged = self._record(outcomes)
        num_actions = sum(sum(rollout.actions) for rollout in rollouts)
        self.history.append(
            StepCoderStep(
                ppo=ppo,
                pass_rate=sum(p for p, _ in judged) / max(1, sum(n for _, n in judged)),
                in_loss=sum(sum(r.in_loss) for r in rollouts) / max(1, num_actions),
                remaining=self.curriculum.shares(),
                seconds=time.monotonic() - started,
                executing_seconds=executing,
                waiting_seconds=waiting,
            )
        )
        return self.history[-1]

    def _fits(self, task: Task) -> bool:
        """Whether the model has room for a task with any part of its solution given."""
        limit = max_positions(self.trainer.policy)
        ids = self.trainer.tokenizer(task.prompt + (task.canonical_solution or ""))["input_ids"]
        return limit is None or len(ids) < limit

    def _next_batch(self) -> list[Task]:
        size = self.options.ppo.tasks_per_step
        while len(self._queue) < size:
            self._queue += self._rng.sample(list(self.tasks), len(self.tasks))
        keys, self._queue = self._queue[:size], self._queue[size:]
        return [self.tasks[key] for key in keys]

    def _sample(
        self, batch: Sequence[Task], judge: BackgroundJudge
    ) -> list[tuple[list[Rollout], Future[list[Verdict | None]]]]:
        """Rollouts part by part, each with the verdicts that will come."""
        trainer, ppo = self.trainer, self.options.ppo
        own = trainer.own_share(batch)
        size = max(1, math.ceil(len(own) / self.options.num_parts))
        parts = []
        for begin in range(0, len(own), size):
            part = own[begin : begin + size]
            rollouts = sample_rollouts(
                trainer.policy,
                trainer.tokenizer,
                part,
                ppo,
                stream_seed(self.seed, trainer.num_steps_done, begin),
                [self.curriculum.prefix(task) for task in part],
            )
            verdicts = judge.submit([r.task for r in rollouts], [r.candidate for r in rollouts])
            parts.append((rollouts, verdicts))
        return parts

    def _finished(self, rollout: Rollout, verdict: Verdict | None) -> Rollout:
        """The rollout with its reward and, under FGO, its mask."""
        rollout = replace(rollout, score=reward_of(verdict, self.options.test_share_weight))
        if not self.options.fine_grained:
            return rollout
        given = self.curriculum.prefix(rollout.task)
        mask = executed_tokens(self.trainer.tokenizer, rollout, verdict, len(given))
        return replace(rollout, loss_mask=mask)

    def _record(self, outcomes: Sequence[tuple[Rollout, Verdict | None]]) -> list[tuple[int, int]]:
        """Tell the curriculum; returns passed and judged rollouts of every task."""
        counts: dict[TaskKey, list[int]] = defaultdict(lambda: [0, 0])
        for rollout, verdict in outcomes:
            if verdict is not None:
                counts[rollout.task.key][0] += verdict.passed
                counts[rollout.task.key][1] += 1
        rows: list[tuple[TaskKey, int, int]] = gather_object(
            [(key, passed, judged) for key, (passed, judged) in counts.items()]
        )
        for key, passed, judged in rows:
            course = self.curriculum.progress[key].course
            self.curriculum.record(key, course, passed, judged)
        return [(passed, judged) for _, passed, judged in rows]

    def state(self) -> dict[str, Any]:
        """Everything that decides the next steps."""
        return {
            "trainer": trainer_state(self.trainer),
            "curriculum": self.curriculum.state(),
            "history": [asdict(step) for step in self.history],
            "rng": self._rng.getstate(),
            "queue": self._queue,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state of a run with the same settings and tasks."""
        restore_trainer(self.trainer, state["trainer"])
        self.curriculum.restore(state["curriculum"])
        self.history = [
            StepCoderStep(**{**step, "ppo": PPOStep(**step["ppo"])}) for step in state["history"]
        ]
        self._rng.setstate(state["rng"])
        self._queue = [(name, language) for name, language in state["queue"]]


def executed_tokens(
    tokenizer: Tokenizer, rollout: Rollout, verdict: Verdict | None, num_given: int
) -> tuple[bool, ...]:
    """FGO's mask over a rollout's tokens.

    Args:
        tokenizer: The policy's.
        rollout: A completion that continues its task's prompt.
        verdict: What came of it, with the lines that ran.
        num_given: Characters of the candidate that were given, not written by the policy.
    """
    if verdict is None or keeps_every_token(verdict):
        return (True,) * len(rollout.token_ids)
    task, text = rollout.task, rollout.candidate.text
    lines = verdict.executed_lines or ()
    executed = executed_characters(task.prompt + text, task.language, lines, task.tests)
    own = executed[len(task.prompt) + num_given :]
    spans = token_spans(tokenizer, rollout.prompt_ids, rollout.token_ids)
    return tuple(token_mask(spans, own, text[num_given:]))


def train_stepcoder(
    policy_path: str | Path,
    tasks: Sequence[Task],
    executor: Executor,
    output_dir: str | Path,
    options: StepCoderOptions | None = None,
    seed: int = 0,
    *,
    on_step: Callable[[StepCoderStep], None] | None = None,
    state_file: Path | None = None,
) -> StepCoderResult:
    """Tune a fresh copy of a generator from compiler feedback and save it with a report.

    Args:
        policy_path: Where the policy and its reference start (the SFT checkpoint).
        tasks: The tasks to learn from; the curriculum needs their canonical solutions.
        executor: Judges the candidates.
        output_dir: Receives the policy in Hugging Face format, ``stepcoder.json``, ``report.md``
            and its pictures.
        options: The settings.
        seed: On a CPU the same seed gives the same policy.
        on_step: Called after each step.
        state_file: The run is saved here now and then, and goes on from here if the file is there.

    Raises:
        UserError: no tasks, no such model, a state of another run, or no program could be judged.
    """
    from generator.stepcoder_report import write_tuning_report

    options = options or StepCoderOptions()
    if not tasks:
        raise UserError("StepCoder needs at least one task; the list given is empty")
    torch.manual_seed(seed)
    policy, tokenizer = load_generator(policy_path, dtype="float32")
    trainer = PPOTrainer(policy, tokenizer, options.ppo, seed=seed)
    run = StepCoder(trainer, tasks, executor, options, seed)
    inputs = {
        "model": str(policy_path),
        "seed": seed,
        "options": asdict(options),
        "tasks": [list(task.key) for task in tasks],
    }
    saved = _read_state(state_file, inputs)
    if saved is None:
        before = evaluate_policy(trainer, tasks, executor, options, seed)
    else:
        before = [EvaluatedTask(**row) for row in saved["before"]]
        run.restore(saved["run"])
    while len(run.history) < options.ppo.num_steps:
        step = run.step()
        if on_step is not None:
            on_step(step)
        if state_file is not None and len(run.history) % options.save_every == 0:
            rows = [asdict(row) for row in before]
            with replacing(state_file) as temporary:
                torch.save({"inputs": inputs, "before": rows, "run": run.state()}, temporary)
    after = evaluate_policy(trainer, tasks, executor, options, seed)
    result = StepCoderResult(Path(output_dir), run.history, before, after)
    if trainer.accelerator.is_main_process:
        trainer.policy.save_pretrained(output_dir)
        tokenizer.save_pretrained(output_dir)
        content = {**inputs, **asdict(result)}
        for key in ("tasks", "output_dir"):
            content.pop(key)
        (result.output_dir / "stepcoder.json").write_text(json.dumps(content, indent=1) + "\n")
        write_tuning_report(result, options)
    trainer.accelerator.wait_for_everyone()
    return result


def evaluate_policy(
    trainer: PPOTrainer,
    tasks: Sequence[Task],
    executor: Executor,
    options: StepCoderOptions,
    seed: int,
) -> list[EvaluatedTask]:
    """How the present policy fares in plain generation, sampled as in training."""
    number, ppo = options.num_eval_candidates, options.ppo
    chosen = list(tasks)
    if len(chosen) > options.num_eval_tasks:
        chosen = random.Random(seed).sample(chosen, options.num_eval_tasks)
    sampler = TransformersSampler(
        (trainer.policy, trainer.tokenizer),
        temperature=ppo.temperature,
        top_p=ppo.top_p,
        max_new_tokens=ppo.max_new_tokens,
        batch_size=ppo.sampling_batch_size,
    )
    candidates = sampler.sample(chosen, number, seed=seed) if chosen else []
    items = [(chosen[i // number], candidate) for i, candidate in enumerate(candidates)]
    verdicts = executor.judge(items) if items else []
    rows = []
    for index, task in enumerate(chosen):
        judged = [v for v in verdicts[index * number : (index + 1) * number] if v is not None]
        num_passed = sum(verdict.passed for verdict in judged)
        rows.append(
            EvaluatedTask(task.name, task.language, task.difficulty, num_passed, len(judged))
        )
    return rows


def _read_state(state_file: Path | None, inputs: dict[str, Any]) -> dict[str, Any] | None:
    """The saved state, if there is one; it must be of a run with these inputs.

    Raises:
        UserError: it is another run's, with what differs.
    """
    if state_file is None or not state_file.exists():
        return None
    state: dict[str, Any] = torch.load(state_file, weights_only=True)
    differing = [name for name, value in inputs.items() if state["inputs"].get(name) != value]
    if differing:
        raise UserError(
            f"{state_file} holds an unfinished run that differs in {', '.join(differing)}; "
            "give the same, or choose another output"
        )
    return state
