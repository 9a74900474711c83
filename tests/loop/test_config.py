"""Options are checked before any work starts."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from generator.sft import SFTOptions
from loop.config import PRESETS, GeneratorConfig, MiningConfig, RunConfig, TasksConfig
from multipl_e.cli import instantiate
from multipl_e.errors import UserError

GENERATOR = GeneratorConfig()


@pytest.mark.parametrize(
    ("config", "option"),
    [
        (RunConfig(rounds=0), "--rounds"),
        (RunConfig(threads=0), "--threads"),
        (RunConfig(rounds=9, tasks=TasksConfig(num_train=8)), "9 rounds"),
        (RunConfig(tasks=TasksConfig(languages=[])), "--tasks.languages"),
        (RunConfig(tasks=TasksConfig(num_test=0)), "--tasks.num_test"),
        (RunConfig(sft=SFTOptions(epochs=0)), "--sft.epochs"),
        (RunConfig(mining=MiningConfig(ppo_tasks=-1)), "--mining.ppo_tasks"),
        (RunConfig(generator=GeneratorConfig(num_candidates=1)), "--generator.num_candidates"),
        (RunConfig(generator=GeneratorConfig(temperature=0)), "--generator.temperature"),
        (RunConfig(generator=GeneratorConfig(sampler="replay")), "--generator.candidates"),
    ],
)
def test_what_cannot_work_is_refused_by_name(config: RunConfig, option: str) -> None:
    with pytest.raises(UserError, match=option):
        config.check()


@pytest.mark.parametrize("name", sorted(path.stem for path in PRESETS.glob("*.yaml")))
def test_every_preset_is_a_valid_configuration(name: str) -> None:
    arguments = ["--preset", name]
    if name == "replay":
        arguments += ["--generator.candidates", "candidates.jsonl"]
    instantiate(RunConfig, arguments, preset_dir=PRESETS, default_preset="tiny").check()


def test_a_flag_wins_over_the_preset() -> None:
    found = instantiate(
        RunConfig, ["--generator.num_candidates", "3"], preset_dir=PRESETS, default_preset="tiny"
    )
    assert found.generator.num_candidates == 3


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda c: dataclasses.replace(c, output="elsewhere"), True),
        (lambda c: dataclasses.replace(c, dry_run=True), True),
        (lambda c: dataclasses.replace(c, seed=1), False),
    ],
)
def test_the_resolved_configuration_holds_what_decides_the_results(
    change: Callable[[RunConfig], RunConfig], same: bool
) -> None:
    config: Any = RunConfig()
    assert (change(config).resolved() == config.resolved()) is same
