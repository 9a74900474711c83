"""Chat answers in languages with braces: what a person adds to show the function at work."""

from __future__ import annotations

import re
from collections.abc import Callable

# Comments and literals, in which braces do not count.
_OPAQUE = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])'|`[^`]*`", re.DOTALL
)


def blanked(code: str) -> str:
    """`code` with comments and literals overwritten by spaces, at the same length."""
    return _OPAQUE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), code)


def without(code: str, header: re.Pattern[str]) -> str:
    """`code` without the functions whose declaration matches `header` (up to its brace).

    One that never ends (an answer cut off at its length limit) goes with all that follows.
    """
    while match := header.search(blanked(code)):
        end = block_end(code, match.end() - 1)
        if end is None:
            return code[: match.start()].rstrip() + "\n"
        code = code[: match.start()].rstrip() + "\n" + code[end:].lstrip("\n")
    return code


def block_end(code: str, opening: int) -> int | None:
    """Where the block that opens at this brace is over; None if it never is."""
    depth = 0
    text = blanked(code)
    for position in range(text.index("{", opening), len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    return None


def with_lines_of(prompt: str, line: re.Pattern[str], code: str) -> str:
    """`code` under those lines of the prompt that match (includes, imports) and that it lacks."""
    own = {"".join(text.split()) for text in code.splitlines()}
    found = (text for text in prompt.splitlines() if line.match(text))
    missing = "".join(f"{text}\n" for text in found if "".join(text.split()) not in own)
    return missing + code


def reopened(code: str, tests: str) -> str:
    """`code` without its last brace where `tests` begin with one."""
    if not tests.lstrip().startswith("}"):
        return code
    last = blanked(code).rfind("}")
    return code if last < 0 else code[:last]


def function_last(code: str, declares: Callable[[str], int]) -> str:
    """`code` with the function that starts at `declares(code)` moved behind all others.

    Tests that begin with a closing brace close the last function, so it must be the one asked for.
    """
    start = declares(blanked(code))
    opening = blanked(code).find("{", start) if start >= 0 else -1
    end = block_end(code, opening) if opening >= 0 else None
    if end is None or not blanked(code[end:]).strip():
        return code
    return code[:start] + code[end:].lstrip("\n").rstrip() + "\n\n" + code[start:end] + "\n"
