"""Calls on which candidates can be compared when nobody says what they should return.

Inputs come from the assertions at hand (what they expect is dropped) and from small changes of
them: that way they have the right types without any being declared.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Sequence
from typing import Any

from multipl_e.probes.assertions import WrittenTest, calls_of
from multipl_e.records import Task

_LARGEST = 10**6


def inputs_of(
    task: Task, tests: Sequence[WrittenTest], entry_point: str, most: int = 60
) -> list[str]:
    """Calls of the function asked for, most often written first, then changes of them.

    Args:
        task: Its public tests' calls come first; only Python tasks have any.
        tests: Tests that a model wrote.
        entry_point: Name of the function.
        most: Number of calls at most.
    """
    if task.language != "py" or not entry_point:
        return []
    by_count = sorted(tests, key=lambda test: -test.count)
    sources = [task.public_tests or "", *(test.text for test in by_count)]
    found: dict[str, None] = {}
    for source in sources:
        found.update(dict.fromkeys(calls_of(source, entry_point)))
    known = list(found)[:most]
    rng = random.Random(f"{task.name}/{len(known)}")
    for _ in range(3 * most):
        if not known or len(found) >= most:
            break
        changed = _changed(rng.choice(known), rng)
        if changed is not None:
            found[changed] = None
    return list(found)[:most]


def _changed(call: str, rng: random.Random) -> str | None:
    """The call with one of its literal arguments changed; None if it has none."""
    tree = ast.parse(call, mode="eval").body
    assert isinstance(tree, ast.Call)
    places = []
    for i, argument in enumerate(tree.args):
        try:
            places.append((i, ast.literal_eval(argument)))
        except (ValueError, TypeError, SyntaxError):
            continue
    if not places:
        return None
    i, value = rng.choice(places)
    tree.args[i] = ast.parse(repr(_variation(value, rng)), mode="eval").body
    return ast.unparse(tree)


def _variation(value: object, rng: random.Random) -> object:
    """A value of the same type, near the given one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        near = rng.choice([value + 1, value - 1, value * 2, -value, 0, rng.randint(0, 20)])
        return near if abs(near) <= _LARGEST else value
    if isinstance(value, float):
        return rng.choice([value + 1.0, -value, value / 2, 0.0])
    if isinstance(value, str):
        return "".join(_rearranged(list(value), rng))
    if isinstance(value, list):
        return _rearranged(value, rng)
    if isinstance(value, tuple):
        return tuple(_variation(item, rng) for item in value)
    return value


def _rearranged(items: list[Any], rng: random.Random) -> list[Any]:
    items = copy.deepcopy(items)
    if not items:
        return items
    way = rng.randrange(5)
    if way == 0:
        return items[::-1]
    if way == 1:
        return items + items
    if way == 2:
        return []
    place = rng.randrange(len(items))
    if way == 3:
        return items[:place] + items[place + 1 :]
    changed = items[place] if isinstance(items[place], str) else _variation(items[place], rng)
    return [*items[:place], changed, *items[place + 1 :]]
