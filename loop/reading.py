"""Stage B, first half: the reranker's base reads, as a language model, what has passed so far.

An anchored reranker starts from its trunk's likelihood, which knows nothing of operations that the
trunk never read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from generator.sft import SFTOptions, train_sft
from multipl_e.records import Pair, Task
from reranker.optimizer import make_optimizer


@dataclass(frozen=True)
class TrunkSFTOptions(SFTOptions):
    """How the reranker's base learns passing programs, see `SFTOptions`.

    Attributes:
        epochs: Passes over the programs; 0 leaves the base as it is.
        muon_learning_rate: Peak rate of Muon on the base's matrices, `learning_rate` being for the
            rest; 0 leaves all to AdamW.
    """

    epochs: float = 0.0
    muon_learning_rate: float = 0.0


def passing_programs(pairs: Iterable[Pair], tasks: Iterable[Task]) -> list[Task]:
    """Every distinct passing program of the pairs, as its task with that program as solution."""
    known = {task.key: task for task in tasks}
    programs = dict.fromkeys((pair.task, pair.language, pair.chosen) for pair in pairs)
    return [
        replace(known[name, language], canonical_solution=text) for name, language, text in programs
    ]


def read_programs(
    base: str | Path,
    programs: Sequence[Task],
    output: Path,
    options: TrunkSFTOptions,
    seed: int,
) -> dict[str, float]:
    """Fine-tune the base on the tasks' solutions and save it; returns what `train_sft` does."""
    optimizer = partial(
        make_optimizer,
        learning_rate=options.learning_rate,
        muon_learning_rate=options.muon_learning_rate or None,
    )
    return train_sft(base, programs, output, options, seed, optimizer)
