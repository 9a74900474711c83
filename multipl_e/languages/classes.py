"""Languages whose functions live in a class `Problem` (Java, C#, Scala): answers and assertions."""

from __future__ import annotations

import re
from collections.abc import Callable

from multipl_e.languages import blocks


def fitted(
    code: str, *, prompt: str, entry: str, own_main: re.Pattern[str], holder: str, filler: str
) -> str:
    """A whole answer made to end where MultiPL-E's tests go on, inside a member of the class.

    Args:
        code: The answer's code.
        prompt: The task's prompt; its imports are added where the answer lacks them.
        entry: The function asked for.
        own_main: Declaration of the main function, which the tests bring themselves.
        holder: What declares the class (``class`` or ``object``).
        filler: A member that the tests close where the class does not end with a function.
    """
    code = blocks.without(code, own_main)
    header = re.compile(rf"^[^\S\n]*(?:\w+ +)*?{holder} +(\w+)[^\n{{]*\{{", re.MULTILINE)
    head, _, _ = prompt.partition(f"{holder} Problem")
    for match in header.finditer(blocks.blanked(code)):
        closed = blocks.block_end(code, match.end() - 1)  # none in an answer that was cut off
        end = closed or len(code)
        if not re.search(rf"\b{re.escape(entry)}\b", code[match.start() : end]):
            continue
        around, inner = code[: match.start()] + code[end:], code[match.end() : end]
        inner = inner[: blocks.blanked(inner).rfind("}")] if closed else inner
        if match[1] != "Problem":
            inner = re.sub(rf"\b{match[1]}\b", "Problem", inner)
        break
    else:
        around, inner = "", code
    around = re.sub(r"^\s*package [^\n]*\n", "", around)
    missing = "".join(
        f"{line}\n" for line in head.splitlines() if line.strip() and line.strip() not in around
    )
    imports = "".join(re.findall(r"^(?:import|using) [^\n]*\n", inner, re.MULTILINE))
    inner = re.sub(r"^(?:import|using) [^\n]*\n", "", inner, flags=re.MULTILINE)
    inner = inner.rstrip()
    if inner.endswith("}") and blocks.blanked(inner).endswith("}"):
        inner = inner[:-1].rstrip()
    else:
        inner += f"\n    {filler}"
    return f"{missing}{imports}{around.rstrip()}\n{holder} Problem {{{inner}\n"


def with_assertions(
    tests: str, opening: str, equality: str, rewrite: Callable[[str, str | None], str]
) -> str:
    """`tests` with every assertion replaced.

    Args:
        tests: The tests.
        opening: What begins an assertion, up to its parenthesis.
        equality: The method that compares two values, e.g. ``.equals``.
        rewrite: Called with the condition, or with the two sides of an equality.
    """
    text = blocks.blanked(tests)
    parts = []
    done = 0
    for match in re.finditer(rf"(?<![\w.]){re.escape(opening)}\s*\(", text):
        end = closing(text, match.end() - 1)
        if match.start() < done or end is None:
            continue
        parts.append(tests[done : match.start()])
        parts.append(rewrite(*_sides(tests[match.end() : end], equality)))
        done = end + 1
    return "".join(parts) + tests[done:]


def closing(text: str, opening: int) -> int | None:
    """Where the parenthesis that opens here is closed."""
    depth = 0
    for position in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position
    return None


def _sides(condition: str, equality: str) -> tuple[str, str | None]:
    """The two sides where the whole condition is ``LEFT.equals(RIGHT)``; else it and None."""
    text = blocks.blanked(condition)
    depth = 0
    for position, letter in enumerate(text):
        if depth == 0 and text.startswith(f"{equality}(", position):
            start = position + len(equality)
            if closing(text, start) == len(text.rstrip()) - 1:
                return condition[:position], condition[start + 1 : len(text.rstrip()) - 1]
            return condition, None
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(letter, 0)
    return condition, None


def sides_of_operator(condition: str, operator: str) -> tuple[str, str | None]:
    """What stands left and right of an operator outside all brackets; else all of it and None."""
    text = blocks.blanked(condition)
    depth = 0
    for position, letter in enumerate(text):
        if depth == 0 and text.startswith(operator, position):
            return condition[:position], condition[position + len(operator) :]
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(letter, 0)
    return condition, None
