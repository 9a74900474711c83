"""FGO: only tokens that the unit tests executed enter the policy loss (METHODS.md, section 2).

Coverage tools count lines and name few of them. Here every character of a candidate gets an
answer, and from characters every token:

- a statement ran if a line of its own did (not the lines of what it holds), or something in it;
  all of it then ran, however many lines it has;
- ``else``, ``finally`` and the delimiters of a block ran if something in the block did; a block
  without statements follows what it belongs to;
- ``def``, ``class`` and import lines, decorators, docstrings and comments on lines of their own
  follow the block that holds them; a comment behind code follows that code;
- a line end belongs to what stands before it, an indentation to what comes after it.

Lines are as precise as `Verdict.executed_lines` is: of ``if x: return 1`` on one line all of it
ran if its line did.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.code_shapes import SHAPES, Shape
from multipl_e.records import Verdict
from multipl_e.syntax import syntax_tree

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase as Tokenizer
    from tree_sitter import Node

# A token's text may depend on the tokens just before it.
_CONTEXT_TOKENS = 8
_INTRODUCERS = frozenset({b"else", b"finally"})


@dataclass(eq=False)
class _Unit:
    """A part of the program that is executed or not for itself."""

    parent: _Unit | None
    role: str  # block, declaration, silent, statement
    row: int
    header_rows: set[int] = field(default_factory=set)
    children: list[_Unit] = field(default_factory=list)
    ran: bool = False

    @property
    def body(self) -> _Unit | None:
        """The last block in it."""
        return next((unit for unit in reversed(self.children) if unit.role == "block"), None)


@dataclass(frozen=True)
class _Leaf:
    """A word of the program, and how many parts of its unit stand before it."""

    start: int
    end: int
    row: int
    unit: _Unit
    num_before: int
    text: bytes
    is_comment: bool


def keeps_every_token(verdict: Verdict | None) -> bool:
    """Whether nothing is known to mask: it did not compile, or no line of it was counted."""
    return verdict is None or verdict.status == "SyntaxError" or not verdict.executed_lines


def executed_characters(
    code: str, language: str, lines: Collection[int], tests: str = ""
) -> list[bool]:
    """Whether each character of a program ran.

    Args:
        code: Prompt and completion: what line numbers count in.
        language: MultiPL-E's short name.
        lines: 1-based numbers of the lines that ran.
        tests: What follows; many prompts open a brace that the tests close.
    """
    rows = {line - 1 for line in lines}
    shape = SHAPES.get(language)
    if shape is None:
        return _by_line(code, rows)
    data = code.encode("utf-8", errors="replace")
    ran_bytes = bytearray(len(data))
    leaves = _leaves(f"{code}\n{tests}", language, shape, len(data), rows)
    previous: tuple[int, bool] = (0, False)
    last_row = -1
    for leaf in leaves:
        behind_code = leaf.is_comment and leaf.row == last_row
        ran = previous[1] if behind_code else _ran(leaf)
        gap = data[previous[0] : leaf.start]
        line_ends = previous[0] + max(gap.rfind(b"\n"), gap.rfind(b"\r")) + 1
        ran_bytes[previous[0] : line_ends] = bytes([previous[1]]) * (line_ends - previous[0])
        ran_bytes[line_ends : leaf.end] = bytes([ran]) * (leaf.end - line_ends)
        previous, last_row = (leaf.end, ran), leaf.row + leaf.text.count(b"\n")
    ran_bytes[previous[0] :] = bytes([previous[1]]) * (len(data) - previous[0])
    sizes = (len(character.encode("utf-8", errors="replace")) for character in code)
    position, found = 0, []
    for size in sizes:
        found.append(bool(ran_bytes[position]))
        position += size
    return found


def token_spans(
    tokenizer: Tokenizer, prompt_ids: Sequence[int], token_ids: Sequence[int]
) -> list[tuple[int, int]]:
    """First and last + 1 character of each token within the text that `token_ids` adds.

    Tokens that make up one character together share its span; special tokens have an empty one.
    """
    ids = [*prompt_ids[-_CONTEXT_TOKENS:], *token_ids]
    read = first = len(ids) - len(token_ids)
    position, spans = 0, list[tuple[int, int]]()
    for number in range(first, len(ids)):
        begin = max(0, read - _CONTEXT_TOKENS)
        known = _decode(tokenizer, ids[begin:read])
        added = _decode(tokenizer, ids[begin : number + 1])[len(known) :]
        if added.endswith("�") and number + 1 < len(ids):
            continue  # perhaps the first bytes of a character
        spans += [(position, position + len(added))] * (number + 1 - read)
        position, read = position + len(added), number + 1
    return spans


def token_mask(spans: Sequence[tuple[int, int]], executed: Sequence[bool], text: str) -> list[bool]:
    """Whether each token ran: a character of it did, white space aside where there is other.

    Args:
        spans: Characters of each token.
        executed: Whether each character of `text` ran.
        text: What the tokens spell; tokens beyond its end were cut away and did not run.
    """
    mask = []
    for start, end in spans:
        if start == end:  # the end of the text: that it ended here was put to the test
            mask.append(True)
            continue
        own = list(zip(executed[start:end], text[start:end], strict=True))
        inked = [ran for ran, character in own if not character.isspace()]
        mask.append(any(inked or executed[start:end]))
    return mask


def _leaves(
    text: str, language: str, shape: Shape, size: int, rows: Collection[int]
) -> list[_Leaf]:
    """The words of the program's first `size` bytes, their units decided."""
    root = syntax_tree(text, language)
    shift = len(root.text or b"") - len(text.encode("utf-8", errors="replace"))
    row_shift = (root.text or b"")[:shift].count(b"\n")
    top = _Unit(None, "block", 0)
    units, leaves = [top], list[_Leaf]()
    stack: list[tuple[Node, Node | None, _Unit]] = [(root, None, top)]
    while stack:
        node, parent, unit = stack.pop()
        start, row = node.start_byte - shift, node.start_point[0] - row_shift
        if start >= size:
            continue
        is_comment = "comment" in node.type
        if parent is not None and not is_comment and shape.is_unit(node, parent.type):
            unit = _Unit(unit, _role(shape, node, parent), row)
            assert unit.parent is not None
            unit.parent.children.append(unit)
            units.append(unit)
        if node.children and not is_comment:
            stack.extend((child, node, unit) for child in reversed(node.children))
        elif (node.text or b"").strip() and start >= 0:
            word = node.text or b""
            end = min(node.end_byte - shift, size)
            if not unit.children and not is_comment:
                unit.header_rows.update(range(row, row + word.count(b"\n") + 1))
            leaf = _Leaf(start, end, row, unit, len(unit.children), word, is_comment)
            leaves.append(leaf)
    _decide(units, rows)
    return leaves


def _role(shape: Shape, node: Node, parent: Node) -> str:
    if node.type in shape.blocks:
        return "block"
    if shape.is_declaration(node, parent):
        return "declaration"
    return "silent" if node.type in shape.silent else "statement"


def _decide(units: list[_Unit], rows: Collection[int]) -> None:
    """Say of each unit whether it ran; `units` hold parents before their children."""
    for unit in reversed(units):
        inner = any(child.ran for child in unit.children)
        own = unit.role == "statement" and not unit.header_rows.isdisjoint(rows)
        unit.ran = inner or own
    units[0].ran = True
    for unit in units[1:]:
        assert unit.parent is not None
        holds_work = any(child.role != "declaration" for child in unit.children)
        if unit.role == "declaration" or (unit.role == "block" and not holds_work):
            unit.ran = unit.parent.ran


def _ran(leaf: _Leaf) -> bool:
    """Whether a word ran, comments behind code aside."""
    unit = leaf.unit
    before, after = unit.children[: leaf.num_before], unit.children[leaf.num_before :]
    opens = unit.role == "block" and not before
    if opens and unit.parent is not None and leaf.row in unit.parent.header_rows:
        return unit.parent.ran  # a block's opening delimiter, on the line of its statement's head
    if unit.role == "declaration" and before and (body := unit.body) in before:
        return body.ran if body is not None else unit.ran
    if leaf.text in _INTRODUCERS and after and unit.role == "statement":
        return after[0].ran
    return unit.ran


def _by_line(code: str, rows: Collection[int]) -> list[bool]:
    """Line by line, for languages of whose syntax nothing is known."""
    executed: list[bool] = []
    for number, line in enumerate(re.split(r"(?<=\n)", code)):
        executed += [number in rows] * len(line)
    return executed


def _decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    text = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert isinstance(text, str)
    return text
