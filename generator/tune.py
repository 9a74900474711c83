"""Tune a generator on tasks: ``python -m generator.tune --method sft|ppo|stepcoder ...``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from generator.model import silence_transformers
from generator.ppo_history import PPOStep
from generator.ppo_options import PPOOptions
from generator.ppo_rollouts import Reward
from generator.sft import SFTOptions
from generator.stepcoder_options import StepCoderOptions
from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.files import check_writable
from multipl_e.progress import progress, say
from multipl_e.records import Candidate, Task
from multipl_e.tables import read_tasks

if TYPE_CHECKING:
    from multipl_e.executors import Executor

PRESETS = Path(__file__).parent / "presets"
DESCRIPTION = """Tune a generator on tasks by imitation or by reinforcement learning.

    python -m generator.tune --method stepcoder --tasks katas.jsonl --output tuned

The presets are StepCoder's ablation: sft, ppo (neither part), cccs, fgo and stepcoder (both)."""

Method = Literal["sft", "ppo", "stepcoder", "rlef"]


@dataclass(frozen=True)
class TuneOptions:
    """Tune a generator on tasks and save it in Hugging Face format.

    Attributes:
        method: sft (imitate the canonical solutions), ppo (reinforcement learning; a program
            that passes all its tests earns +1, any other -1) or stepcoder (PPO from compiler
            feedback with a curriculum and an executed-token mask). rlef is reserved.
        model: The generator to start from: a folder, a Hub name, or "default".
        tasks: Tasks to learn from: MultiPL-E rows (.jsonl, .jsonl.gz or .parquet).
        output: Folder for the tuned generator; it appears when tuning is complete.
        overwrite: Replace the output folder if it is there, and forget an unfinished run.
        seed: On a CPU the same seed gives the same generator.
        workers: Programs that run at once (ppo, stepcoder); by default one for each core.
        timeout: Seconds after which a program counts as hanging (ppo, stepcoder).
        isolation: How untrusted programs are contained (ppo, stepcoder): bubblewrap, or none,
            which lets them do whatever you may do.
        sft: Settings of the method sft.
        ppo: Settings of the method ppo.
        stepcoder: Settings of the method stepcoder.
    """

    method: Method
    tasks: Path
    output: Path
    model: str = "default"
    overwrite: bool = False
    seed: int = 0
    workers: int | None = None
    timeout: float = 15.0
    isolation: Literal["bubblewrap", "none"] = "bubblewrap"
    sft: SFTOptions = field(default_factory=SFTOptions)
    ppo: PPOOptions = field(default_factory=PPOOptions)
    stepcoder: StepCoderOptions = field(default_factory=StepCoderOptions)


def execution_reward(executor: Executor) -> Reward:
    """+1 for a program that passes all its tests, -1 for one that does not, NaN if unjudged."""

    def reward(tasks: list[Task], candidates: list[Candidate]) -> list[float]:
        verdicts = executor.judge(list(zip(tasks, candidates, strict=True)))
        return [float("nan") if v is None else 1.0 if v.passed else -1.0 for v in verdicts]

    return reward


def tune(options: TuneOptions) -> None:
    """Run the chosen method.

    Raises:
        UserError: for a method this version lacks, an output folder that is in the way, or tasks
            that the method cannot use.
    """
    methods: dict[str, Callable[[TuneOptions, list[Task], Path], str]] = {
        "sft": _sft,
        "ppo": _ppo,
        "stepcoder": _stepcoder,
    }
    if options.method not in methods:
        known = ", ".join(methods)
        raise UserError(
            f"this version does not have the method {options.method} yet; use one of {known}"
        )
    output = options.output
    occupied = output.exists() and (not output.is_dir() or any(output.iterdir()))
    if occupied and not options.overwrite:
        raise UserError(f"{output} exists; choose another --output or add --overwrite true")
    tasks = read_tasks(options.tasks)
    if not tasks:
        raise UserError(f"{options.tasks} holds no tasks")
    silence_transformers()
    check_writable(output)
    # Complete or not there at all: an interrupted run leaves only the temporary folder.
    partial = output.with_name(f".{output.name}.partial-{os.getpid()}")
    try:
        summary = methods[options.method](options, tasks, partial)
        if output.is_dir():
            shutil.rmtree(output)
        partial.replace(output)
        _state_file(options).unlink(missing_ok=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    say(f"{summary}; saved to {output}")


def _sft(options: TuneOptions, tasks: list[Task], folder: Path) -> str:
    from generator.sft import train_sft

    if not any(task.canonical_solution for task in tasks):
        raise UserError(f"no task of {options.tasks} has a canonical_solution to imitate; use ppo")
    metrics = train_sft(options.model, tasks, folder, options.sft, options.seed)
    return "sft: " + ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())


def _ppo(options: TuneOptions, tasks: list[Task], folder: Path) -> str:
    from generator.ppo import train_ppo

    with _executor(options) as executor, progress("PPO", options.ppo.num_steps) as advance:

        def on_step(step: PPOStep) -> None:
            advance(1)
            say(
                f"step {step.step}: score {step.score_mean:+.2f}, KL {step.kl:.3f}, "
                f"entropy {step.entropy:.2f}, {step.seconds:.1f} s"
            )

        result = train_ppo(
            options.model,
            tasks,
            execution_reward(executor),
            folder,
            options.ppo,
            options.seed,
            on_step=on_step,
        )
    first, last = result.history[0], result.history[-1]
    return (
        f"ppo: {len(result.history)} steps in {result.seconds:.0f} s, reward "
        f"{first.score_mean * result.reward_sd + result.reward_mean:+.2f} -> "
        f"{last.score_mean * result.reward_sd + result.reward_mean:+.2f}"
    )


def _stepcoder(options: TuneOptions, tasks: list[Task], folder: Path) -> str:
    from generator.stepcoder import StepCoderStep, train_stepcoder
    from generator.stepcoder_report import pass_at_1

    if options.stepcoder.curriculum and not any(task.canonical_solution for task in tasks):
        raise UserError(
            f"no task of {options.tasks} has a canonical_solution for the curriculum to begin in; "
            "add --stepcoder.curriculum false"
        )
    state_file, num_steps = _state_file(options), options.stepcoder.ppo.num_steps
    if options.overwrite:
        state_file.unlink(missing_ok=True)
    if state_file.exists():
        say(f"going on with the unfinished run in {state_file}")
    with _executor(options) as executor, progress("StepCoder", num_steps) as advance:

        def on_step(step: StepCoderStep) -> None:
            advance(1)
            say(
                f"step {step.ppo.step}: score {step.ppo.score_mean:+.2f}, pass rate "
                f"{step.pass_rate:.2f}, KL {step.ppo.kl:.3f}, plain generation "
                f"{step.remaining.get(0, 0.0):.0%}, in the loss {step.in_loss:.0%}, "
                f"{step.seconds:.1f} s"
            )

        result = train_stepcoder(
            options.model,
            tasks,
            executor,
            folder,
            options.stepcoder,
            options.seed,
            on_step=on_step,
            state_file=state_file,
        )
    return (
        f"stepcoder: {len(result.history)} steps, pass@1 {pass_at_1(result.before)} -> "
        f"{pass_at_1(result.after)}"
    )


def _state_file(options: TuneOptions) -> Path:
    """Where a run that can go on keeps its state until the output folder is complete."""
    return options.output.with_name(f".{options.output.name}.unfinished")


def _executor(options: TuneOptions) -> Executor:
    from multipl_e.executors import Executor

    return Executor(workers=options.workers, timeout=options.timeout, isolation=options.isolation)


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    run_command(
        TuneOptions,
        tune,
        prog="python -m generator.tune",
        description=DESCRIPTION,
        argv=argv,
        preset_dir=PRESETS,
    )


if __name__ == "__main__":
    main()
