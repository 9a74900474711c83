"""What a primitive operation is, and the shapes that most of them share.

An operation's code is written once, as short Python blocks over fixed variable names: the state of
type ``int`` lives in ``n``, ``ints`` in ``xs``, ``str`` in ``s`` and ``strs`` in ``ws``. A block
reads the variable of its source type and leaves its result in the variable of its target type, so
that blocks can be chained. ``K`` stands for the parameter. Other languages are translated from the
same blocks (`javascript.py`); the expected values come from `Operation.reference`, which is
written independently of the blocks.

Blocks use ``%`` only on non-negative numbers or against zero, and assign a variable first in the
scope in which it is used: then Python and JavaScript agree.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["int", "ints", "str", "strs"]
Parameter = int | str | None
Value = Any  # int | str | list[int] | list[str]

VARIABLES: dict[Kind, str] = {"int": "n", "ints": "xs", "str": "s", "strs": "ws"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One primitive step.

    Attributes:
        name: Unique, a Python identifier.
        source: Kind of value it takes.
        target: Kind of value it gives.
        phrases: Ways to say it in English; ``{k}`` is the parameter.
        reference: ``reference(value, parameter)`` is the expected value; never changes `value`.
        styles: Blocks of Python that do the same in different ways.
        parameters: Values that the parameter may take; empty if there is none.
        novel: Kept out of the katas that shipped weights are trained on.
        limit: Largest absolute integer it takes (its output grows with the number).
    """

    name: str
    source: Kind
    target: Kind
    phrases: tuple[str, ...]
    reference: Callable[[Value, Any], Value]
    styles: tuple[str, ...]
    parameters: tuple[int | str, ...] = ()
    novel: bool = False
    limit: int | None = None


def blocks(*texts: str) -> tuple[str, ...]:
    """Dedent blocks of code that are written indented."""
    return tuple(textwrap.dedent(text).strip("\n") for text in texts)


def _by_index(code: str) -> str:
    return re.sub(r"\bx\b", "xs[i]", code)


def keep(condition: str, opposite: str) -> tuple[str, ...]:
    """A filter over ``xs``: keep each ``x`` that meets `condition`."""
    return (
        f"ys = []\nfor x in xs:\n    if {condition}:\n        ys.append(x)\nxs = ys",
        f"ys = []\nfor x in xs:\n    if {opposite}:\n        continue\n    ys.append(x)\nxs = ys",
        f"ys = []\nfor i in range(len(xs)):\n    if {_by_index(condition)}:\n"
        "        ys.append(xs[i])\nxs = ys",
    )


def change(condition: str, then: str, otherwise: str = "x") -> tuple[str, ...]:
    """A map over ``xs``: `then` where `condition` holds, else `otherwise`."""
    if otherwise == "x":
        short = f"ys = []\nfor x in xs:\n    if {condition}:\n        x = {then}\n    ys.append(x)"
    else:
        short = (
            f"ys = []\nfor x in xs:\n    y = {otherwise}\n    if {condition}:\n"
            f"        y = {then}\n    ys.append(y)"
        )
    return (
        f"ys = []\nfor x in xs:\n    if {condition}:\n        ys.append({then})\n"
        f"    else:\n        ys.append({otherwise})\nxs = ys",
        f"{short}\nxs = ys",
        f"ys = []\nfor i in range(len(xs)):\n    if {_by_index(condition)}:\n"
        f"        ys.append({_by_index(then)})\n    else:\n"
        f"        ys.append({_by_index(otherwise)})\nxs = ys",
    )


def each(expression: str) -> tuple[str, ...]:
    """A map over ``xs`` without a condition."""
    return (
        f"ys = []\nfor x in xs:\n    ys.append({expression})\nxs = ys",
        f"ys = []\nfor x in xs:\n    y = {expression}\n    ys.append(y)\nxs = ys",
        f"ys = []\nfor i in range(len(xs)):\n    ys.append({_by_index(expression)})\nxs = ys",
    )


def fold(start: str, *step: str) -> tuple[str, ...]:
    """A fold of ``xs`` into ``n``; `step` holds the lines of the loop's body."""
    body = "\n".join("    " + line for line in step)
    return (
        f"n = {start}\nfor x in xs:\n{body}",
        f"n = {start}\nfor i in range(len(xs)):\n{_by_index(body)}",
        f"n = {start}\ni = 0\nwhile i < len(xs):\n{_by_index(body)}\n    i += 1",
    )


def keep_chars(condition: str, opposite: str) -> tuple[str, ...]:
    """A filter over the characters ``c`` of ``s``."""
    return (
        f't = ""\nfor c in s:\n    if {condition}:\n        t += c\ns = t',
        f't = ""\nfor c in s:\n    if {opposite}:\n        continue\n    t += c\ns = t',
    )


def change_chars(condition: str, then: str, otherwise: str = "c") -> tuple[str, ...]:
    """A map over the characters ``c`` of ``s``."""
    return (
        f't = ""\nfor c in s:\n    if {condition}:\n        t += {then}\n'
        f"    else:\n        t += {otherwise}\ns = t",
        f't = ""\nfor c in s:\n    d = {otherwise}\n    if {condition}:\n'
        f"        d = {then}\n    t += d\ns = t",
    )


def fold_chars(start: str, *step: str) -> tuple[str, ...]:
    """A fold of the characters of ``s`` into ``n``; `step` holds the lines of the loop's body."""
    body = "\n".join("    " + line for line in step)
    by_index = re.sub(r"\bc\b", "s[i]", body)
    return (
        f"n = {start}\nfor c in s:\n{body}",
        f"n = {start}\nfor i in range(len(s)):\n{by_index}",
        f"n = {start}\ni = 0\nwhile i < len(s):\n{by_index}\n    i += 1",
    )
