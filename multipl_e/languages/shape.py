"""Programs trimmed by their syntax (tree-sitter), where text patterns fall short.

All of it is cautious: what does not parse is left as it was, for the toolchain to judge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from multipl_e.syntax import GRAMMARS, syntax_tree

if TYPE_CHECKING:
    from tree_sitter import Node

# Kinds of top-level nodes that do something, as opposed to those that declare something.
_DOES = re.compile(r"statement|expression|call|command|invocation|pipeline|list|^(if|for|while)")
_DECLARES = re.compile(
    r"declaration|definition|function_def|local_function|import|export|assign|class|module|^use|ERROR"
)
_ASSIGNS = re.compile(
    r"\s*(?:(?:local|my|our|const|let|var|val)\b|[\w$@%.:\[\]\"']+\s*(?:<-|:=|=(?![=~>])))"
)
_LISP_DECLARES = re.compile(r"\s*\((?:define|def|ns|require|provide|struct|module)|\s*def|\s*#")
_SEMICOLON_COMMENTS = ("clj", "rkt")
_FENCE = re.compile(r"^```", re.MULTILINE)


def without_examples(code: str, language: str, entry_points: Sequence[str]) -> str:
    """`code` without top-level statements that call the function asked for, to show it at work.

    They are no part of the solution, yet one that fails or loops would fail it.
    """
    if not entry_points:
        return code
    called = re.compile("|".join(rf"(?<![\w$]){re.escape(name)}\b" for name in entry_points))

    def is_example(node: Node, text: str) -> bool:
        return _does(node, text) and bool(called.search(text))

    return _without(code, language, is_example)


def declarations(code: str, language: str) -> str:
    """`code` without top-level statements and values, for languages that allow none there."""
    return _without(
        code,
        language,
        lambda node, text: _does(node, text) or node.type.startswith(("val_", "var_")),
    )


def is_closed(code: str, tests: str, language: str) -> bool:
    """Whether a program is complete although its tests begin by closing a block of it."""
    if not tests.lstrip().startswith("}") or language not in GRAMMARS:
        return False
    if not syntax_tree(code, language).has_error:
        return True
    # The grammar may not know all of the language: then the lines without indentation decide.
    flush = [line.rstrip() for line in code.splitlines() if line[:1].strip()]
    opened = max((n for n, line in enumerate(flush) if line.endswith("{")), default=-1)
    return "}" in flush[opened + 1 :]


def completed_function(prompt: str, completion: str, language: str) -> str:
    """A completion without the chatter after the function that it completes.

    Only where what follows does not parse; otherwise it may be a helper that the function needs.
    """
    if fence := _FENCE.search(completion):
        completion = completion[: fence.start()]
    if language not in GRAMMARS:
        return completion
    text = (prompt + completion).encode("utf-8", errors="replace")
    start = len(prompt.rstrip().encode("utf-8", errors="replace")) - 1
    children = syntax_tree(prompt + completion, language).children
    for position, node in enumerate(children):
        if node.start_byte <= start < node.end_byte and not node.has_error:
            if any(later.has_error for later in children[position + 1 :]):
                kept = text[: node.end_byte].decode("utf-8", errors="replace")
                return kept.removeprefix(prompt) + "\n" if kept.startswith(prompt) else completion
            break
    return completion


def _does(node: Node, text: str) -> bool:
    kinds = (node.type, *(child.type for child in node.children[:2]))
    return bool(
        _DOES.search(node.type)
        and not any(_DECLARES.search(kind) for kind in kinds)
        and not _ASSIGNS.match(text)
        and not _LISP_DECLARES.match(text)
    )


def _without(code: str, language: str, unwanted: Callable[[Node, str], bool]) -> str:
    if language not in GRAMMARS or (language == "php" and "<?php" not in code):
        return code
    tree = syntax_tree(code, language)
    if any(node.is_error for node in (tree, *tree.children)):
        return code  # What looks like a statement may be a function's, whose head did not parse.
    data = code.encode("utf-8", errors="replace")
    kept = []
    done = 0
    for node in tree.children:
        if unwanted(node, data[node.start_byte : node.end_byte].decode("utf-8", "replace")):
            kept.append(data[done : node.start_byte])
            done = node.end_byte
            rest = data[done:].lstrip(b" \t")
            if rest.startswith(b";") and language not in _SEMICOLON_COMMENTS:
                done = len(data) - len(rest) + 1
    if not done:
        return code
    return b"".join([*kept, data[done:]]).decode("utf-8", errors="replace")
