"""Katas: an endless family of small tasks, generated from a seed.

A kata chains one to four primitive operations on integers, lists, texts and words: "keep the even
numbers, then add them up". Every kata exists in every language of `RENDERERS`, with examples,
hidden tests and a canonical solution. Splits are made by composition, so no chain of operations
that a model is tested on occurs in what it was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence

from multipl_e.records import Task
from multipl_e.sources.katas.generate import (
    DEFAULT_DEPTHS,
    Share,
    as_split,
    generate_katas,
    iter_katas,
)
from multipl_e.sources.katas.kata import OPERATIONS, Kata, Step, composition, split_of
from multipl_e.sources.katas.render import RENDERERS, render

__all__ = [
    "OPERATIONS",
    "RENDERERS",
    "Kata",
    "Share",
    "Step",
    "composition",
    "generate_katas",
    "iter_katas",
    "load",
    "render",
    "split_of",
]


def load(
    *,
    split: str | None,
    languages: Sequence[str] | None,
    seed: int = 0,
    num_tasks: int | None = None,
    operations: Share = "all",
    novel_share: float | None = None,
    novel_operations: Sequence[str] | None = None,
    depths: Sequence[int] = DEFAULT_DEPTHS,
    alternate_languages: bool = False,
) -> list[Task]:
    """The source ``katas`` of `multipl_e.sources.load_tasks`."""
    return generate_katas(
        seed=seed,
        split=as_split(split),
        languages=tuple(languages or RENDERERS),
        num_tasks=num_tasks,
        operations=operations,
        novel_share=novel_share,
        novel_operations=novel_operations,
        depths=depths,
        alternate_languages=alternate_languages,
    )
