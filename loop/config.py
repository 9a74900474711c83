"""The options of a run: what `python -m loop.iterate` reads from presets, files and flags.

Each part's options live with the code that uses them (SFT, PPO, reranker); this module only puts
them together and checks, before any work starts, that they fit each other.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from generator.ppo import PPOOptions
from generator.sft import SFTOptions
from generator.stepcoder_options import StepCoderOptions
from loop.reading import TrunkSFTOptions
from multipl_e.errors import UserError
from reranker.train import RerankerOptions

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class TasksConfig:
    """Where the tasks come from.

    Attributes:
        source: A task source (katas, jsonl …).
        file: The tasks file, for sources that read one.
        languages: MultiPL-E language names; those whose toolchain is missing are left out.
        num_train: Training tasks in all; stage A learns from their solutions.
        tasks_per_round: Training tasks that a round samples and probes, new ones each round;
            0 shares all out among the rounds.
        num_valid: Validation tasks: every choice is made on these.
        num_test: Held-out tasks: figures of the report come from these alone.
        novel_share: Share of katas that hold an operation the shipped weights never saw.
        novel_operations: Names of the operations that those may be; default: all there are.
        depths: How many operations a kata may compose; one named twice is twice as frequent.
    """

    source: str = "katas"
    file: str | None = None
    languages: list[str] = field(default_factory=lambda: ["py", "js"])
    num_train: int = 600
    tasks_per_round: int = 0
    num_valid: int = 60
    num_test: int = 300
    novel_share: float = 0.5
    novel_operations: list[str] | None = None
    depths: list[int] = field(default_factory=lambda: [1, 2, 3])


@dataclass(frozen=True)
class GeneratorConfig:
    """The generator and how it is sampled.

    Attributes:
        model: A folder or Hub name of a causal LM; "default" is the shipped tiny one.
        sampler: transformers, or replay (candidates from a file instead of a model).
        candidates: The file that the replay sampler draws from.
        recorded_verdicts: Let statuses recorded in that file stand in for execution.
        tuning: How stage A prepares the generator: sft, stepcoder (SFT, then PPO from compiler
            feedback), or none (take it as it is).
        num_candidates: Samples per held-out task (the N of best-of-N).
        num_probes: Samples per training task, of the generator and of each policy.
        temperature: Sampling temperature.
        top_p: Nucleus of the sampling distribution.
        max_new_tokens: Longest completion, in tokens.
        batch_size: Rows decoded at once.
    """

    model: str = "default"
    sampler: str = "transformers"
    candidates: str | None = None
    recorded_verdicts: bool = False
    tuning: Literal["sft", "stepcoder", "none"] = "sft"
    num_candidates: int = 16
    num_probes: int = 8
    temperature: float = 0.8
    top_p: float = 1.0
    max_new_tokens: int = 256
    batch_size: int = 256


@dataclass(frozen=True)
class MiningConfig:
    """What PPO works on, what is probed, and which probes are folded into the training set.

    Attributes:
        ppo_tasks: PPO works on so many of a round's tasks, those on which the best of the
            generator's own samples is most above their mean to the reranker; 0 takes them all. A
            small policy learns more about the reranker from many visits to few tasks.
        fresh_tasks: So many validation tasks are probed beside the round's; 0 takes them all. They
            only tell how the policy and the next reranker do on tasks that neither has met.
        reward: What PPO maximises, normalised on samples of the reference: the reranker's
            probability (calibrated, so that a few very low scores do not decide the scale) or its
            raw value. An uncalibrated reranker has only the value.
        select: hard (failing candidates that the reranker scores high), random (as many failing
            ones drawn at random) or none (no new data): the last two are the controls.
        per_task: At most so many failing candidates per task and round.
        positives_per_task: At most so many passing candidates per task and round.
        pairs_per_task: At most so many training pairs per task and round.
        canonical: Count a training task's canonical solution among its passing candidates, so
            that tasks which the generator never solves teach the reranker as well; where it is
            told what became of hard negatives, validation tasks' solutions count too.
        top_share: Where no candidate of a task passes, the failing ones in this top share count
            as hard.
    """

    ppo_tasks: int = 0
    fresh_tasks: int = 0
    reward: Literal["probability", "value"] = "probability"
    select: Literal["hard", "random", "none"] = "hard"
    per_task: int = 4
    positives_per_task: int = 4
    pairs_per_task: int = 8
    canonical: bool = True
    top_share: float = 0.25


@dataclass(frozen=True)
class ExecutionConfig:
    """How programs are run.

    Attributes:
        timeout: Wall-clock limit of one program, in seconds.
        workers: Programs judged at once; default: the number of cores.
        isolation: bubblewrap, or none (programs run with your rights: only for trusted ones).
    """

    timeout: float = 5.0
    workers: int | None = None
    isolation: Literal["bubblewrap", "none"] = "bubblewrap"


@dataclass(frozen=True)
class RunConfig:
    """A run of the loop.

    Attributes:
        rounds: Self-training rounds.
        output: The run directory; default artifacts/runs/SOURCE-seed-SEED.
        seed: Seed of everything random.
        threads: CPU threads for the models. With two or more, and no GPU, half of them measure a
            round while the other half trains the next reranker.
        dry_run: Print the resolved configuration and the plan, then stop; nothing is written.
        tasks: Where the tasks come from.
        generator: The generator and how it is sampled.
        sft: Stage A, supervised fine-tuning.
        stepcoder: Stage A's second half, if generator.tuning is stepcoder.
        trunk_sft: Stage B's first half: the reranker's base learns the programs that have passed so
            far as a language model, before it is trained to compare; 0 epochs leave it as it is.
        reranker: Stage B, the reward model.
        ppo: Stage C, the search for programs that fool the reranker.
        mining: Stages D and E, which probes are folded in.
        execution: How programs are run.
    """

    rounds: int = 5
    output: str | None = None
    seed: int = 0
    threads: int = 2
    dry_run: bool = False
    tasks: TasksConfig = field(default_factory=TasksConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    sft: SFTOptions = field(default_factory=SFTOptions)
    stepcoder: StepCoderOptions = field(default_factory=StepCoderOptions)
    trunk_sft: TrunkSFTOptions = field(default_factory=TrunkSFTOptions)
    reranker: RerankerOptions = field(default_factory=RerankerOptions)
    ppo: PPOOptions = field(default_factory=PPOOptions)
    mining: MiningConfig = field(default_factory=MiningConfig)
    execution: ExecutionConfig = field(default_factory=ExecutionConfig)

    def check(self) -> None:
        """Refuse combinations that cannot work, before any work starts.

        Raises:
            UserError: With the option and what it must be.
        """
        positive = {
            "rounds": self.rounds,
            "tasks.num_train": self.tasks.num_train,
            "tasks.num_valid": self.tasks.num_valid,
            "tasks.num_test": self.tasks.num_test,
            "generator.max_new_tokens": self.generator.max_new_tokens,
            "threads": self.threads,
        }
        for name, value in positive.items():
            if value < 1:
                raise UserError(f"--{name} must be at least 1, not {value}")
        for name in ("ppo_tasks", "fresh_tasks"):
            if getattr(self.mining, name) < 0:
                raise UserError(f"--mining.{name} must be 0 (all) or more")
        if self.generator.num_candidates < 2:
            raise UserError("--generator.num_candidates must be at least 2: one leaves no choice")
        if self.generator.num_probes < 2:
            raise UserError("--generator.num_probes must be at least 2: pairs need two candidates")
        if self.generator.tuning != "none" and not self.sft.enabled:
            raise UserError("--sft.epochs must be above 0; to skip it, --generator.tuning none")
        if self.generator.temperature <= 0:
            raise UserError("--generator.temperature must be above 0: at 0 all samples are equal")
        if self.generator.sampler == "replay" and not self.generator.candidates:
            raise UserError("the replay sampler needs --generator.candidates FILE")
        needed = self.rounds * max(1, self.tasks.tasks_per_round)
        if self.tasks.num_train < needed:
            raise UserError(
                f"{self.rounds} rounds need {needed} training tasks and --tasks.num_train is "
                f"{self.tasks.num_train}; raise it, or lower --tasks.tasks_per_round or --rounds"
            )
        if not self.tasks.languages:
            raise UserError("--tasks.languages is empty; name at least one, such as py")

    def resolved(self) -> dict[str, Any]:
        """Everything that decides the results, as plain data (where it is written is not)."""
        plain = dataclasses.asdict(self)
        for key in ("output", "dry_run"):
            plain.pop(key)
        found: dict[str, Any] = json.loads(json.dumps(plain))
        return found
