"""Executed lines as every language reports them: whole statements of the candidate's own.

Interpreters and compilers differ in which lines of a statement they name: the first, the last, or
those where an instruction begins. Here a simple statement that ran, ran on all its lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from multipl_e.syntax import GRAMMARS, syntax_tree

if TYPE_CHECKING:
    from tree_sitter import Node

# A node whose kind has one of these words may be partly executed.
_COMPOUND = frozenset(
    {
        "block", "body", "suite", "clause", "lambda", "closure", "arrow", "compound", "switch",
        "match", "case", "do", "group", "loop", "for", "foreach", "while", "until", "if",
        "unless", "else", "elif", "elseif", "try",
    }
)  # fmt: skip
# One of the others is a statement (or an expression), and runs as a whole, if it has one of these.
_STATEMENT = frozenset(
    {"statement", "declaration", "assignment", "call", "command", "return", "throw", "expression"}
)
_BLANK = frozenset("{}();, \t\r")


def whole_statements(code: str, language: str, lines: Iterable[int]) -> tuple[int, ...]:
    """`lines` within `code`, with all the lines of the simple statements that they belong to.

    Args:
        code: The candidate, whose first line is 1.
        language: MultiPL-E's short name.
        lines: Line numbers as the language's tool reports them.
    """
    texts = code.split("\n")
    found = {n for n in lines if 1 <= n <= len(texts)}
    if language in GRAMMARS:
        # A grammar may have been given a line more than the code (PHP's opening tag).
        root = syntax_tree(code, language)
        shift = root.text.count(b"\n") - code.count("\n") if root.text else 0
        for first, last in _simple_statements(root):
            span = range(first + 1 - shift, last + 2 - shift)
            if not found.isdisjoint(span):
                found.update(span)
    return tuple(sorted(n for n in found if not _BLANK.issuperset(texts[n - 1])))


def _simple_statements(root: Node) -> Iterator[tuple[int, int]]:
    """First and last line (from 0) of each statement of several lines without parts of its own."""
    stack = [root]
    while stack:
        node = stack.pop()
        first, last = node.start_point[0], node.end_point[0]
        if first == last:
            continue
        if _named(node, _STATEMENT) and not _may_run_in_part(node):
            yield first, last
        else:
            stack.extend(node.children)


def _may_run_in_part(root: Node) -> bool:
    """Whether it, or something of several lines inside, may be executed or not for itself."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.start_point[0] == node.end_point[0]:
            continue
        if node.is_named and _named(node, _COMPOUND):
            return True
        stack.extend(node.children)
    return False


def _named(node: Node, words: AbstractSet[str]) -> bool:
    return not words.isdisjoint(node.type.split("_"))
