"""Inputs on which every step of a chain matters.

A kata is only as good as its cases: an input counts if all intermediate values stay small, and a
set of inputs is accepted only if the results vary and dropping any step shows.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from multipl_e.sources.katas.operations import Kind, Value

LARGEST_INTEGER = 100_000
LONGEST_RESULT = 24
_EDGES: dict[Kind, tuple[Value, ...]] = {
    "int": (0, 1, -1, 2, 10, -12, 25, 7),
    "ints": ([], [0], [7], [-4], [3, 3, 3], [-2, -5, -2], [0, 0, 4, 4], [9, 8, 2, 1]),
    "str": ("", "a", "b", "  ", "see", "toot", "a a b", "t1 s20"),
    "strs": ([], [""], ["a"], ["so", "so"], ["tea", "", "bee"], ["stab", "cost", "bat"]),
}
_WORDS = [
    "bat",
    "bee",
    "boat",
    "boot",
    "cab",
    "cat",
    "coast",
    "coat",
    "cost",
    "east",
    "eat",
    "egg",
    "moon",
    "note",
    "oats",
    "sea",
    "seat",
    "see",
    "so",
    "star",
    "stab",
    "tab",
    "tea",
    "test",
    "toe",
    "toss",
    "too",
    "tree",
    "obey",
    "best",
    "a",
    "at",
    "be",
    "to",
    "is",
    "on",
]


def edges(kind: Kind) -> tuple[Value, ...]:
    """Inputs at the edges of a kind: empty, single, zero, negative, repeated."""
    return _EDGES[kind]


def draw(kind: Kind, rng: random.Random, parameters: Sequence[Any] = (), size: int = 8) -> Value:
    """A random input; values near the kata's parameters come up often.

    `size` bounds the length of a list.
    """
    if kind == "int":
        return _integer(rng, parameters, 1.0)
    if kind == "ints":
        spread = rng.choice((0.4, 1.0))
        return [_integer(rng, parameters, spread) for _ in range(rng.randint(3, size))]
    words = [_word(rng, parameters) for _ in range(rng.randint(1, 2 + (size > 5)))]
    if kind == "str":
        return " ".join(words)
    return words + ([rng.choice(words)] if rng.random() < 0.3 else [])


def _integer(rng: random.Random, parameters: Sequence[Any], spread: float) -> int:
    numbers = [p for p in parameters if isinstance(p, int)]
    if numbers and rng.random() < 0.25:
        return int(rng.choice(numbers) + rng.choice((0, 0, 1, -1)))
    return int(rng.randint(-9, 20) * spread)


def _word(rng: random.Random, parameters: Sequence[Any]) -> str:
    chance = rng.random()
    if chance < 0.1:
        return str(rng.randint(1, 30))
    word = rng.choice(_WORDS)
    letters = [p for p in parameters if isinstance(p, str)]
    if letters and chance < 0.4:
        place = rng.randrange(len(word) + 1)
        return word[:place] + str(rng.choice(letters)) + word[place:]
    return word


def small(value: Value) -> bool:
    """Whether a value is small enough to print, and to be exact in every language."""
    if isinstance(value, int):
        return abs(value) <= LARGEST_INTEGER
    if len(value) > LONGEST_RESULT:
        return False
    return not isinstance(value, list) or all(
        abs(v) <= LARGEST_INTEGER if isinstance(v, int) else len(v) <= LONGEST_RESULT for v in value
    )
