"""Limits of a plan's steps only narrow: the process that starts them cannot widen its own."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest

from multipl_e.languages import get_language
from multipl_e.languages.base import Program, Room
from multipl_e.sandbox import Limits


@pytest.mark.parametrize("name", ["adb", "cpp", "d", "go", "ml", "rs"])
def test_no_step_has_wider_limits_than_the_one_before(name: str) -> None:
    language = get_language(name)
    if language.toolchain is None:
        pytest.skip(f"the toolchain of {name} is not here")
    limits = language.limits(Limits(memory_mb=8192))
    room = Room(work="/work", secret="0" * 32, limits=limits)
    plan = language.plan(Program(name, *language.smoke), room)
    stated = [dataclasses.astuple(step.limits or limits) for step in plan.steps]
    for earlier, later in itertools.pairwise(stated):
        assert all((a or math.inf) >= (b or math.inf) for a, b in zip(earlier, later, strict=True))
