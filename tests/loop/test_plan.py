"""The dry run: a plan with estimates, and nothing written."""

import dataclasses
from pathlib import Path

import pytest
import yaml

from loop.config import GeneratorConfig, RunConfig
from loop.plan import duration, plan, print_plan
from loop.store import RunStore


def test_every_round_is_in_the_plan() -> None:
    stages = {stage.name: stage for stage in plan(RunConfig(rounds=3))}
    assert stages["C  policy"].times == 3
    assert stages["A  sft"].times == 1


def test_more_candidates_take_longer() -> None:
    few, many = (
        sum(
            s.seconds * s.times
            for s in plan(RunConfig(generator=GeneratorConfig(num_candidates=n)))
        )
        for n in (8, 32)
    )
    assert many > few


def test_two_threads_hide_all_rounds_measuring_but_the_last() -> None:
    alone, beside = (
        duration(config, plan(config)) for config in (RunConfig(threads=1), RunConfig(threads=2))
    )
    hidden = next(s.seconds for s in plan(RunConfig()) if s.name.startswith("F"))
    assert 0 < alone - beside < RunConfig().rounds * hidden


def test_replay_has_no_policy_and_no_fine_tuning() -> None:
    generator = GeneratorConfig(sampler="replay", candidates="c.jsonl")
    names = {stage.name for stage in plan(dataclasses.replace(RunConfig(), generator=generator))}
    assert not names & {"A  sft", "C  policy"}


def test_the_printed_configuration_can_be_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = RunConfig(seed=7)
    print_plan(config, RunStore(tmp_path / "run"))
    assert yaml.safe_load(capsys.readouterr().out) == config.resolved()
    assert not (tmp_path / "run").exists()
