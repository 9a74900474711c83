"""A finished run, opened to be measured."""

from __future__ import annotations

from pathlib import Path

import torch

from generator.model import silence_transformers
from loop.config import RunConfig
from loop.results import Results
from loop.rounds import TASKS, Rounds
from loop.store import RunStore
from multipl_e.cli import instantiate
from multipl_e.tables import read_tasks


def open_run(run: Path) -> Results:
    """The results of a run, with its configuration, store and rounds; nothing in it is executed."""
    config = instantiate(RunConfig, ["--config", str(run / "config.yaml")])
    torch.set_num_threads(config.threads)
    silence_transformers()
    store = RunStore(run)
    rounds = Rounds(config, store, executor=None)  # type: ignore[arg-type]
    rounds.tasks = read_tasks(store.path(TASKS))
    return Results(config, rounds, store)
