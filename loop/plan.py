"""`--dry-run`: what a run would do, stage by stage, with estimates, before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml
from rich.table import Table

from loop.config import RunConfig
from loop.store import RunStore
from multipl_e.progress import console

# Seconds per unit with the shipped models on two cores, from the stage times of one whole run
# (benchmarks/results/run_time.json); a bigger model changes them all alike.
SECONDS = {
    "sampled candidate": 0.0045,
    "executed candidate": 0.01,
    "scored candidate": 0.0028,
    "measured candidate": 0.001,
    "reranker step": 0.27,
    "PPO rollout": 0.0265,
    "SFT example": 0.0091,
    "trunk example": 0.02,
}


@dataclass(frozen=True)
class PlannedStage:
    """A stage of the plan: how often it happens, what it works on, how long it may take."""

    name: str
    work: str
    seconds: float
    times: int = 1


def plan(config: RunConfig) -> list[PlannedStage]:
    """The stages of a run with estimates for the shipped models on two cores."""
    tasks, n = config.tasks, config.generator.num_candidates
    replays = config.generator.sampler == "replay"
    held_out = (tasks.num_valid + tasks.num_test) * n
    per_round = tasks.tasks_per_round or -(-tasks.num_train // config.rounds)
    own = (tasks.num_train if replays else per_round) * config.generator.num_probes
    fresh = min(config.mining.fresh_tasks or tasks.num_valid, tasks.num_valid)
    scored = (fresh + tasks.num_test) * n
    probes = own + fresh * config.generator.num_probes
    draw = SECONDS["executed candidate"] + (0 if replays else SECONDS["sampled candidate"])
    score = SECONDS["scored candidate"]
    stages = []
    if not replays and config.generator.tuning != "none":
        seconds = tasks.num_train * config.sft.epochs * SECONDS["SFT example"]
        stages.append(PlannedStage("A  sft", f"{tasks.num_train} solutions", seconds))
    if not replays and config.generator.tuning == "stepcoder":
        stepcoder = config.stepcoder.ppo
        num = stepcoder.num_steps * stepcoder.tasks_per_step * stepcoder.rollouts_per_task
        stages.append(
            PlannedStage("A  stepcoder", f"{num:,} rollouts", num * SECONDS["PPO rollout"])
        )
    trunk = []
    if config.trunk_sft.enabled:
        # Each task's solution, and one sample in ten is a passing program that differs from it.
        programs = (per_round + own / 10) * (config.rounds + 1) / 2
        seconds = programs * config.trunk_sft.epochs * SECONDS["trunk example"]
        trunk = [PlannedStage("B  trunk", "all passing programs so far", seconds, config.rounds)]
    stages += [
        PlannedStage("   held-out", f"{held_out:,} candidates", held_out * (draw + score)),
        PlannedStage("B  candidates", f"{own:,} candidates", own * draw, config.rounds),
        *trunk,
        PlannedStage(
            "B  reranker",
            f"at most {config.reranker.max_steps} steps",
            config.reranker.max_steps * SECONDS["reranker step"] + 2 * tasks.num_valid * n * score,
            config.rounds,
        ),
        PlannedStage(
            "F  scores, metrics",
            f"{scored:,} candidates",
            scored * (score + SECONDS["measured candidate"]),
            config.rounds,
        ),
    ]
    if not replays:
        ppo = config.ppo
        rollouts = ppo.num_steps * ppo.tasks_per_step * ppo.rollouts_per_task
        seconds = rollouts * SECONDS["PPO rollout"] + own * score
        stages.append(PlannedStage("C  policy", f"{rollouts:,} rollouts", seconds, config.rounds))
    stages.append(
        PlannedStage("D  probes", f"{probes:,} candidates", probes * (draw + score), config.rounds)
    )
    return stages


def duration(config: RunConfig, stages: Sequence[PlannedStage]) -> float:
    """Seconds of the whole: a round is measured beside the next reranker's training."""
    total = sum(stage.seconds * stage.times for stage in stages)
    if config.threads == 1:
        return total
    beside = [stage.seconds for stage in stages if stage.name[0] == "F" or "reranker" in stage.name]
    return total - (config.rounds - 1) * min(beside)


def print_plan(config: RunConfig, store: RunStore) -> None:
    """Print the resolved configuration and the plan; nothing is written."""
    print(yaml.safe_dump(config.resolved(), sort_keys=False), end="")
    table = Table(title=f"Plan of {store.root}", title_justify="left")
    for heading in ("stage", "each time"):
        table.add_column(heading)
    for heading in ("times", "about"):
        table.add_column(heading, justify="right")
    stages = plan(config)
    for stage in stages:
        seconds = _clock(stage.seconds * stage.times)
        table.add_row(stage.name, stage.work, str(stage.times), seconds)
    table.add_section()
    guess = "rough guess: shipped models, two cores"
    table.add_row("all", guess, "", _clock(duration(config, stages)))
    console.print(table)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
