"""What a job reads of the stream that it shares with the next one."""

from __future__ import annotations

import os
import types
from typing import Any

import pytest

from multipl_e.sandbox import Limits
from multipl_e.sandbox.inside import frames, split
from multipl_e.sandbox.inside.services import ServiceLost


class LostService:
    """A judge that ends at its first or second request."""

    def __init__(self, num_answers: int):
        self.num_answers = num_answers

    def send(self, line: str) -> None:
        if not self.num_answers:
            raise ServiceLost("it ended")
        self.num_answers -= 1

    def receive(self, deadline: float) -> str:
        return '={"syntax": true}'


@pytest.mark.parametrize("num_answers", [0, 1])
def test_a_judge_lost_while_parsing_leaves_nothing_of_its_job_behind(num_answers: int) -> None:
    reading, writing = os.pipe()
    try:
        frames.send(writing, {"check": "x"}, {"tests": "y"}, {"job": "the next one"})
        services: Any = types.SimpleNamespace(running=lambda name: LostService(num_answers))
        header = {"limits": vars(Limits()), "service": "judge", "isolated": False}
        assert split.judge_split(reading, header, services)["service_lost"]
        assert frames.receive(reading) == {"job": "the next one"}
    finally:
        os.close(reading)
        os.close(writing)
