"""Programs up to what does not matter: whitespace, comments, and the names of local variables.

Two candidates with the same normalised syntax tree are the same program written twice. Mining
keeps one of them (so that one bug does not flood the training set), and the "most frequent"
strategy counts them together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# MultiPL-E's short name -> tree-sitter's grammar.
GRAMMARS = {
    "adb": "ada",
    "clj": "clojure",
    "cpp": "cpp",
    "cs": "csharp",
    "d": "d",
    "dart": "dart",
    "elixir": "elixir",
    "go": "go",
    "hs": "haskell",
    "java": "java",
    "jl": "julia",
    "js": "javascript",
    "lua": "lua",
    "ml": "ocaml",
    "php": "php",
    "pl": "perl",
    "py": "python",
    "r": "r",
    "rb": "ruby",
    "rkt": "racket",
    "rs": "rust",
    "scala": "scala",
    "sh": "bash",
    "swift": "swift",
    "ts": "typescript",
}

# Leaves that carry a name.
_IDENTIFIERS = frozenset(
    {"identifier", "simple_identifier", "variable_name", "shorthand_property_identifier_pattern"}
)
# A name is bound where it stands in one of these fields of its parent ...
_BINDING_FIELDS = frozenset({"left", "name", "pattern", "parameter", "parameters", "declarator"})
# ... or directly inside a list of parameters ...
_BINDING_KINDS = ("parameter", "lambda_parameters", "block_parameters")
# ... reached through these, which only group names.
_GROUPING_KINDS = ("pattern", "list", "tuple", "declarator", "parameter", "variables")
# In these the same fields use a name or give one to the outside.
_USING_KINDS = (
    "call", "invocation", "argument", "attribute", "member", "field", "selector", "import",
    "type", "class", "function_def", "function_decl", "method_def", "method_decl", "constructor",
    "binary", "comparison", "subscript", "index",
)  # fmt: skip


def syntax_tree(text: str, language: str) -> Node:
    """The root of the text's tree-sitter tree; a broken text has ERROR nodes in it.

    Args:
        text: A program or a part of one.
        language: MultiPL-E's short name.

    Raises:
        ValueError: there is no grammar for the language.
    """
    if language == "php" and "<?php" not in text:
        text = f"<?php\n{text}"
    return _parser(language).parse(text.encode("utf-8", errors="replace")).root_node


@lru_cache(maxsize=4096)
def normalised_ast(text: str, language: str, prompt: str = "") -> str:
    """A text that is the same for programs that differ in whitespace, comments or local names.

    Names that the text does not bind itself (parameters of the prompt, functions of the library,
    attributes) are kept, so `max` and `min` stay different. Bound names are numbered in the order
    of their first appearance. Quotation marks are alike. Languages without a grammar compare by
    their text without white space.

    Args:
        text: A candidate.
        language: MultiPL-E's short name.
        prompt: What the candidate continues, where a part alone would parse badly.
    """
    if language not in GRAMMARS:
        return " ".join(text.split())
    leaves = list(_leaves(syntax_tree(prompt + text, language)))
    bound = {_text(leaf.node) for leaf in leaves if leaf.binds}
    numbers: dict[str, int] = {}
    parts: list[str] = []
    for leaf in leaves:
        node, path = leaf.node, leaf.opened
        value = _text(node)
        if _is_identifier(node) and value in bound:
            value = f"${numbers.setdefault(value, len(numbers))}"
        elif not node.is_named or node.type.endswith(("string_start", "string_end")):
            value = value.replace("'", '"')
        parts.append(f"{path} {value}" if path else value)
    return "\n".join(parts)


@lru_cache(maxsize=len(GRAMMARS))
def _parser(language: str) -> Parser:
    from tree_sitter_language_pack import get_parser

    if language not in GRAMMARS:
        raise ValueError(f"no grammar for '{language}'; known: {', '.join(sorted(GRAMMARS))}")
    return get_parser(GRAMMARS[language])  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A leaf of a syntax tree.

    Attributes:
        node: The leaf.
        opened: The kinds of the nodes that begin at it, and its own if it is named.
        binds: Whether it is a name that introduces a local variable.
    """

    node: Node
    opened: str
    binds: bool


def _leaves(root: Node) -> Iterator[_Leaf]:
    """Leaves in text order.

    Written without recursion and without looking up from a node, which takes tree-sitter a walk
    from the root: a candidate may nest thousands of brackets.
    """
    # What begins at the next leaf is gathered in one list, handed down to the first child.
    stack: list[tuple[Node, list[str], bool]] = [(root, [], False)]
    while stack:
        node, opened, binds = stack.pop()
        if not node.child_count:
            if node.is_named:
                opened.append(f"({node.type}")
            yield _Leaf(node, "".join(opened), binds and _is_identifier(node))
            continue
        children = [pair for pair in _children(node) if "comment" not in pair[0].type]
        # With the number of children of each, the list of leaves determines the tree.
        opened.append(f"({node.type}/{len(children)}")
        below = [
            (child, [] if i else opened, _binds(node.type, name, binds))
            for i, (child, name) in enumerate(children)
        ]
        stack.extend(reversed(below))


def _children(node: Node) -> Iterator[tuple[Node, str | None]]:
    """A node's children, each with the name of its field."""
    cursor = node.walk()
    more = cursor.goto_first_child()
    while more:
        assert cursor.node is not None
        yield cursor.node, cursor.field_name
        more = cursor.goto_next_sibling()


def _is_identifier(node: Node) -> bool:
    return node.type in _IDENTIFIERS


def _binds(kind: str, field: str | None, outside: bool) -> bool:
    """Whether a name introduces a local variable where it stands.

    Args:
        kind: The kind of the node that it stands in.
        field: The field of that node that it is.
        outside: The answer for a name in that node's own place.
    """
    if any(part in kind for part in _USING_KINDS) and "parameter" not in kind:
        return False
    if kind.endswith(_BINDING_KINDS) or kind.endswith("parameters"):
        return field not in ("type", "value", "default")
    if field in _BINDING_FIELDS:
        return True
    return outside and any(part in kind for part in _GROUPING_KINDS)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", errors="replace")
