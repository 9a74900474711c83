"""Where a solution's conditional statements begin, in every language with a grammar.

Counted are branches (``if``, ``elif``, a comprehension's ``if``, pattern guards), loops whose head
decides whether the body runs (``while``, ``for``, ``do``), ``switch`` and ``match``, and ternaries.
An ``else`` has no condition of its own and a bare ``loop`` decides nothing: they are not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from multipl_e.languages.base import cut
from multipl_e.records import Task
from multipl_e.syntax import GRAMMARS, syntax_tree

if TYPE_CHECKING:
    from tree_sitter import Node

# Tree-sitter's node kinds by MultiPL-E's short name of the language.
CONDITIONALS: dict[str, frozenset[str]] = {
    language: frozenset(kinds.split())
    for language, kinds in {
        "adb": "if_statement elsif_statement_item if_expression elsif_expression_item"
        " case_statement case_expression loop_statement",
        "clj": "list_lit",
        "cpp": "if_statement conditional_expression switch_statement while_statement do_statement"
        " for_statement for_range_loop",
        "cs": "if_statement conditional_expression switch_statement switch_expression"
        " while_statement do_statement for_statement foreach_statement",
        "d": "if_statement ternary_expression switch_statement final_switch_statement"
        " while_statement do_statement for_statement foreach_statement",
        "dart": "if_statement if_element conditional_expression switch_statement switch_expression"
        " while_statement do_statement for_statement for_element",
        "elixir": "call",
        "go": "if_statement expression_switch_statement type_switch_statement select_statement"
        " for_statement",
        "hs": "conditional multi_way_if guards case lambda_case",
        "java": "if_statement ternary_expression switch_expression while_statement do_statement"
        " for_statement enhanced_for_statement",
        "jl": "if_statement elseif_clause if_clause ternary_expression while_statement"
        " for_statement",
        "js": "if_statement ternary_expression switch_statement while_statement do_statement"
        " for_statement for_in_statement",
        "lua": "if_statement elseif_statement while_statement repeat_statement for_statement",
        "ml": "if_expression match_expression function_expression while_expression for_expression",
        "php": "if_statement else_if_clause conditional_expression switch_statement"
        " match_expression while_statement do_statement for_statement foreach_statement",
        "pl": "conditional_statement elsif conditional_expression postfix_conditional_expression"
        " loop_statement postfix_loop_expression for_statement cstyle_for_statement"
        " postfix_for_expression",
        "py": "if_statement elif_clause if_clause conditional_expression match_statement"
        " while_statement for_statement",
        "r": "if_statement while_statement for_statement",
        "rb": "if elsif unless if_modifier unless_modifier conditional case case_match while until"
        " while_modifier until_modifier for",
        "rkt": "list",
        "rs": "if_expression match_expression while_expression for_expression",
        "scala": "if_expression match_expression while_expression do_while_expression"
        " for_expression",
        "sh": "if_statement elif_clause case_statement ternary_expression while_statement"
        " for_statement c_style_for_statement",
        "swift": "if_statement guard_statement ternary_expression switch_statement while_statement"
        " repeat_while_statement for_statement",
        "ts": "if_statement ternary_expression switch_statement while_statement do_statement"
        " for_statement for_in_statement",
    }.items()
}

# Where a conditional is a call or a list like any other, the word at its head tells it.
HEADS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "clj": "if if-not if-let if-some when when-not when-let when-some when-first cond condp"
        " cond-> cond->> case doseq dotimes for while",
        "elixir": "if unless case cond for with",
        "rkt": "if when unless cond case match do for for* for/list for*/list for/fold for*/fold"
        " for/sum for/product for/and for/or for/first for/last for/vector for/hash for/set"
        " for/string",
    }.items()
}

# A loop of one kind with the bare loop: only with one of these children is there a condition.
_LOOP_HEADS = {
    ("adb", "loop_statement"): frozenset({"iteration_scheme"}),
    ("go", "for_statement"): frozenset(
        {"for_clause", "range_clause", "binary_expression", "unary_expression", "call_expression",
         "identifier", "parenthesized_expression", "selector_expression", "index_expression",
         "true", "false"}
    ),
}  # fmt: skip


def conditional_starts(task: Task) -> tuple[int, ...]:
    """Where the conditional statements of a task's canonical solution begin, in source order.

    Args:
        task: A task in any language; without a solution or a grammar there are none.

    Returns:
        Rising character offsets into the solution (as its stop tokens cut it). Conditionals that
        begin at the same character count once.
    """
    solution = cut(task.canonical_solution or "", task.stop_tokens)
    if not solution.strip() or task.language not in GRAMMARS:
        return ()
    text = task.prompt + solution
    root = syntax_tree(text, task.language)
    encoded = text.encode("utf-8", errors="replace")
    # The parser may have been given a line before the text (PHP's opening tag).
    shift = len(root.text or b"") - len(encoded)
    begin = len(task.prompt.encode("utf-8", errors="replace"))
    found: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        start = node.start_byte - shift
        if start >= begin and _is_conditional(node, task.language):
            found.add(len(encoded[begin:start].decode("utf-8", errors="replace")))
    return tuple(sorted(found))


def prefix_before(task: Task, start: int) -> str:
    """The solution up to a start point, without the spaces before it.

    The tokens of most models carry the spaces before a word: a prefix that ended with them would
    ask for a word the model has never seen begin there.
    """
    return (task.canonical_solution or "")[:start].rstrip(" \t")


def _is_conditional(node: Node, language: str) -> bool:
    if not node.is_named or node.type not in CONDITIONALS[language]:
        return False
    if language in HEADS:
        head = next((child for child in node.children if child.is_named), None)
        return head is not None and (head.text or b"").decode(errors="replace") in HEADS[language]
    heads = _LOOP_HEADS.get((language, node.type))
    return heads is None or any(child.type in heads for child in node.children)
