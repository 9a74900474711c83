"""A kata: a chain of operations with examples and tests, in no particular language."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from multipl_e.records import Difficulty, Split, Task
from multipl_e.sources.katas import folds, integers, lists, strings
from multipl_e.sources.katas.operations import Operation, Parameter, Value

OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        *lists.OPERATIONS,
        *folds.OPERATIONS,
        *integers.OPERATIONS,
        *strings.OPERATIONS,
    )
}

NUM_STYLES = 3
TRAIN_SHARE, VALID_SHARE = 0.70, 0.10

Case = tuple[Value, Value]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a kata with its parameter and the paraphrase chosen for it."""

    operation: Operation
    parameter: Parameter = None
    phrase: int = 0

    @property
    def text(self) -> str:
        """What the step does, in English."""
        phrases = self.operation.phrases
        return phrases[self.phrase % len(phrases)].format(k=self.parameter)

    def apply(self, value: Value) -> Value:
        """The step's result by the reference."""
        return self.operation.reference(value, self.parameter)


@dataclass(frozen=True, slots=True)
class Kata:
    """A chain of steps with its cases.

    Attributes:
        name: Unique and stable; the same in every language.
        steps: What to do, in order; each step takes what the one before gave.
        examples: (input, expected) pairs shown in the prompt: the public tests.
        tests: Hidden (input, expected) pairs; none of them is an example.
        style: Which of its styles each step of the canonical solution is written in.
    """

    name: str
    steps: tuple[Step, ...]
    examples: tuple[Case, ...]
    tests: tuple[Case, ...]
    style: int = 0

    @property
    def composition(self) -> tuple[str, ...]:
        """Names of the operations: what the splits are made by."""
        return tuple(step.operation.name for step in self.steps)

    @property
    def depth(self) -> int:
        """Number of steps."""
        return len(self.steps)

    @property
    def novel(self) -> bool:
        """Whether some operation is one that the shipped weights never saw."""
        return any(step.operation.novel for step in self.steps)

    @property
    def difficulty(self) -> Difficulty:
        """By depth: 1 introductory, 2 interview, 3 or more competition."""
        levels: tuple[Difficulty, ...] = ("introductory", "interview", "competition")
        return levels[min(self.depth, 3) - 1]

    @property
    def split(self) -> Split:
        """The split of the kata's composition."""
        return split_of(self.composition)

    def variant(self, *, style: int | None = None, phrase: int | None = None) -> Kata:
        """The same kata solved in another style or said in other words (the name stays)."""
        steps = self.steps
        if phrase is not None:
            steps = tuple(replace(step, phrase=phrase) for step in steps)
        return replace(self, steps=steps, style=self.style if style is None else style)


def split_of(composition: tuple[str, ...]) -> Split:
    """The split that a composition belongs to, whatever the seed and language.

    A single operation always belongs to train: those are the alphabet.
    """
    if len(composition) == 1:
        return "train"
    digest = hashlib.sha256("/".join(composition).encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < TRAIN_SHARE:
        return "train"
    return "valid" if share < TRAIN_SHARE + VALID_SHARE else "test"


def composition(task: Task) -> tuple[str, ...]:
    """Names of the operations a kata task is made of.

    Raises:
        ValueError: The task is no kata.
    """
    names: Any = task.extra.get("operations")
    if names is None:
        raise ValueError(f"{task.name} is no kata: it names no operations")
    return tuple(names)
