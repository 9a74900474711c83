"""Stage A: how the run's generator is prepared."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from generator.ppo_options import PPOOptions
from generator.sft import SFTOptions
from generator.stepcoder_options import StepCoderOptions
from loop.config import GeneratorConfig, RunConfig
from loop.plan import plan
from loop.rounds import Rounds
from loop.store import RunStore, Stage
from multipl_e.records import Candidate, Task, Verdict
from multipl_e.sources.katas import generate_katas

PPO = PPOOptions(
    num_steps=1, tasks_per_step=2, rollouts_per_task=2, max_new_tokens=8, num_minibatches=1
)
CONFIG = RunConfig(
    generator=GeneratorConfig(tuning="stepcoder", max_new_tokens=8),
    sft=SFTOptions(max_steps=1, batch_size=2),
    stepcoder=StepCoderOptions(num_eval_tasks=1, num_eval_candidates=1, ppo=PPO),
)


class Accepts:
    """An executor that everything passes."""

    def judge(self, items: list[tuple[Task, Candidate]], **_: Any) -> list[Verdict]:
        return [Verdict("OK", 0)] * len(items)


@pytest.mark.slow
def test_the_loop_uses_the_generator_that_stepcoder_tuned(tmp_path: Path) -> None:
    rounds = Rounds(CONFIG, RunStore(tmp_path / "run"), Accepts())  # type: ignore[arg-type]
    stages: list[Stage] = []
    rounds.on_stage = stages.append
    tasks = rounds.prepare_tasks(
        lambda: generate_katas(seed=1, split="train", languages=("py",), num_tasks=4)
    )
    generator = rounds.tune_generator(tasks)
    assert generator is not None
    assert [stage.name for stage in stages] == ["tasks.parquet", "sft", "stepcoder"]
    folder = Path(rounds._generator_path(generator))
    assert (folder / "config.json").exists()
    assert (folder / "report.md").exists()
    assert generator.summary["pass_at_1_after"] == 1.0
    # Done once: the second time it is found.
    again = rounds.tune_generator(tasks)
    assert again is not None
    assert again.digest == generator.digest


def test_the_plan_names_the_stage_only_if_it_is_asked_for() -> None:
    names = [stage.name for stage in plan(CONFIG)]
    assert names[:2] == ["A  sft", "A  stepcoder"]
    assert "A  stepcoder" not in [stage.name for stage in plan(dataclasses.replace(RunConfig()))]
