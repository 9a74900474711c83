"""What a run names is looked for before any work starts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from loop.config import GeneratorConfig, RunConfig, TasksConfig
from loop.iterate import check_inputs
from multipl_e.errors import UserError
from reranker.train import RerankerOptions


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"generator": GeneratorConfig(model="/no/model")}, "there is no model at /no/model"),
        ({"reranker": RerankerOptions(base="./none")}, "there is no model at none"),
        ({"generator": GeneratorConfig(sampler="vlllm")}, "there is no sampler 'vlllm'"),
        ({"tasks": TasksConfig(source="jsonl", file="no.jsonl")}, "no.jsonl: there is no such"),
        (
            {"generator": GeneratorConfig(sampler="replay", candidates="no.jsonl")},
            "no.jsonl: there is no such file",
        ),
    ],
)
def test_what_is_not_there_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        check_inputs(dataclasses.replace(RunConfig(), **change))


def test_what_ships_is_found(tmp_path: Path) -> None:
    check_inputs(RunConfig())
    check_inputs(RunConfig(reranker=RerankerOptions(base="generator")))
