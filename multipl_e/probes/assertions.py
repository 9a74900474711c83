"""Tests that a model wrote: from its text to assertions that can be put to a candidate.

A model asked to go on after ``assert`` writes assertions among other things. Those are kept that
parse, call the function asked for, and are made of literals, operators and a few harmless
built-ins: nobody has read these texts before they run.
"""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_ENDS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint", "\nfor", "\nimport", "\nfrom")
_BUILTINS = frozenset({
    "abs", "all", "any", "bool", "dict", "enumerate", "float", "frozenset", "int", "isinstance",
    "len", "list", "map", "max", "min", "reversed", "round", "set", "sorted", "str", "sum", "tuple",
    "type", "zip",
})  # fmt: skip
_ALLOWED = (
    ast.Module, ast.Assert, ast.Expression, ast.Constant, ast.Name, ast.Load, ast.List, ast.Tuple,
    ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.Call, ast.keyword,
    ast.Subscript, ast.Slice, ast.Starred, ast.unaryop, ast.operator, ast.boolop, ast.cmpop,
)  # fmt: skip
_LARGEST_EXPONENT = 64
_LARGEST_REPETITION = 10_000


@dataclass(frozen=True, slots=True)
class WrittenTest:
    """An assertion that a model wrote, and how many of its samples contain it."""

    text: str
    count: int


def written_tests(
    samples: Sequence[str], entry_point: str, *, most_per_sample: int = 5
) -> list[WrittenTest]:
    """The assertions in a model's samples, each once, in order of first appearance.

    A sample continues ``assert `` (the word may also be in it); its first `most_per_sample` valid
    assertions count, as in CodeT (Chen et al. 2022, arXiv 2207.10397, section 3).

    Args:
        samples: The model's texts.
        entry_point: Name of the function under test.
        most_per_sample: Assertions of one sample that count.
    """
    counts: Counter[str] = Counter()
    for sample in samples:
        parts = f"assert {sample}".split("assert ")
        found = (_assertion(part, entry_point) for part in parts)
        valid = [text for text in found if text is not None][:most_per_sample]
        counts.update(dict.fromkeys(valid, 1))
    return [WrittenTest(text, count) for text, count in counts.items()]


def calls_of(tests: str, entry_point: str) -> list[str]:
    """The literal calls of the function in tests: inputs, without what is expected of them.

    MultiPL-E's tests name the function ``candidate``. Calls with anything but literals are left
    out, and so is everything in tests that do not parse.
    """
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError):
        return []
    calls = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            if node.func.id in (entry_point, "candidate") and all(map(_is_literal, arguments)):
                calls.append(ast.unparse(ast.Call(ast.Name(entry_point), node.args, node.keywords)))
    return calls


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return False
    return True


def _assertion(part: str, entry_point: str) -> str | None:
    """The assertion that a text begins with; None if it is none that may run."""
    for end in _ENDS:
        part = part.partition(end)[0]
    text = f"assert {part.strip()}"
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if len(tree.body) != 1 or not _harmless(tree, entry_point):
        return None
    (statement,) = tree.body
    assert isinstance(statement, ast.Assert)
    text = f"assert {ast.unparse(statement.test)}"  # without its message, spaced uniformly
    calls = (n.func for n in ast.walk(tree) if isinstance(n, ast.Call))
    called = {function.id for function in calls if isinstance(function, ast.Name)}
    return text if entry_point in called else None


def _harmless(tree: ast.AST, entry_point: str) -> bool:
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            return False
        if isinstance(node, ast.Name) and node.id not in _BUILTINS and node.id != entry_point:
            return False
        if isinstance(node, ast.BinOp) and not _small(node):
            return False
    return True


def _small(node: ast.BinOp) -> bool:
    """Whether an operation is no way to fill the memory."""
    constants = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
    numbers = [abs(c) for c in constants if isinstance(c, int | float)]
    if isinstance(node.op, ast.Pow | ast.LShift):
        nested = sum(isinstance(n, ast.BinOp) for n in ast.walk(node)) > 1
        return not nested and max(numbers, default=math.inf) <= _LARGEST_EXPONENT
    repeats = isinstance(node.op, ast.Mult) and (
        any(isinstance(n, ast.List | ast.Tuple) for n in ast.walk(node))
        or any(isinstance(c, str | bytes) for c in constants)
    )
    powers = any(isinstance(n, ast.Pow | ast.LShift) for n in ast.walk(node))
    return not repeats or (
        not powers and math.prod(max(1, n) for n in numbers) <= _LARGEST_REPETITION
    )
