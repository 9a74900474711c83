"""Small mistakes made in right programs, as text, in Python-like and C-like languages.

The default generator learns from programs of which some are wrong in these ways, so that it errs
in many ways and its samples leave a reranker something to choose from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from random import Random

# What is looked for, and what may stand in its place.
_SWAPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?<=[\w)\]] )\+(?= )", ("-", "*")),
    (r"(?<=[\w)\]] )-(?= )", ("+",)),
    (r"(?<=[\w)\]] )\*(?= )", ("+", "-")),
    (r"(?<= )%(?= )", ("*", "-")),
    (r"(?<= )//(?= [\w(])", ("%", "*")),
    (r"(?<= )<=(?= )", ("<", ">=")),
    (r"(?<= )>=(?= )", (">", "<=")),
    (r"(?<= )<(?= )", ("<=", ">")),
    (r"(?<= )>(?= )", (">=", "<")),
    (r"(?<= )===(?= )", ("!==",)),
    (r"(?<= )!==(?= )", ("===",)),
    (r"(?<= )==(?= )", ("!=",)),
    (r"(?<= )!=(?= )", ("==",)),
    (r"(?<= )\+=(?= )", ("-=", "*=", "=")),
    (r"(?<= )-=(?= )", ("+=",)),
    (r"(?<= )\*=(?= )", ("+=",)),
    (r"\band\b", ("or",)),
    (r"\bor\b", ("and",)),
    (r"&&", ("||",)),
    (r"\|\|", ("&&",)),
    (r"\bTrue\b", ("False",)),
    (r"\bFalse\b", ("True",)),
    (r"\btrue\b", ("false",)),
    (r"\bfalse\b", ("true",)),
    (r"\bmax\b", ("min",)),
    (r"\bmin\b", ("max",)),
    (r"\bsum\(", ("max(", "len(")),
    (r"\bupper\b", ("lower",)),
    (r"\blower\b", ("upper",)),
    (r"\btoUpperCase\b", ("toLowerCase",)),
    (r"\btoLowerCase\b", ("toUpperCase",)),
    (r"\bstartswith\b", ("endswith",)),
    (r"\bendswith\b", ("startswith",)),
    (r"\bbreak\b", ("continue",)),
    (r"\bcontinue\b", ("break",)),
    (r"\.push\(", (".unshift(",)),
    (r"\bif not ", ("if ",)),
    (r"\belif\b", ("if",)),
    (r"\} else if \(", ("} if (",)),
)

_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """and as assert break class const continue def del do elif else except false for from
        function if import in instanceof is lambda let len new None not null of or pass print raise
        range return sorted str int list abs sum max min ord chr True False true typeof undefined
        var void while with yield Math Number String Array Object Set Map""",
    )
)
_NAME = re.compile(r"(?<![.\w'\"])[A-Za-z_]\w*(?![\w(])")
_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")


def mutate(code: str, rng: Random, *, language: str, num_mistakes: int = 1) -> str | None:
    """`code` with mistakes in it, or None where no place for one was found.

    A Python mutant parses; one of another language keeps its brackets as they were. A mutant may
    by chance behave as the original does.

    Args:
        code: A completion, such as the body of a function.
        rng: The source of chance.
        language: MultiPL-E's short name of the language.
        num_mistakes: How many mistakes are made, one after another.
    """
    mutant = code
    for _ in range(num_mistakes):
        changed = _mutate_once(mutant, rng, language)
        if changed is None:
            break
        mutant = changed
    return None if mutant == code else mutant


def _mutate_once(code: str, rng: Random, language: str) -> str | None:
    # Numbers and names occur most often; operators and lines change what a program does most.
    kinds: list[Callable[[str, Random], str | None]] = [
        _swap_operator,
        _swap_operator,
        _swap_operator,
        _shift_number,
        _exchange_name,
        _drop_line,
        _swap_lines,
        _repeat_line,
    ]
    for _ in range(12):
        mutant = rng.choice(kinds)(code, rng)
        if mutant is not None and mutant != code and _parses(mutant, language):
            return mutant
    return None


def _swap_operator(code: str, rng: Random) -> str | None:
    places = [
        (match, replacements)
        for pattern, replacements in _SWAPS
        for match in re.finditer(pattern, code)
    ]
    if not places:
        return None
    match, replacements = rng.choice(places)
    return code[: match.start()] + rng.choice(replacements) + code[match.end() :]


def _shift_number(code: str, rng: Random) -> str | None:
    places = list(_NUMBER.finditer(code))
    if not places:
        return None
    match = rng.choice(places)
    value = int(match.group())
    shifted = value + rng.choice((-1, 1)) if value else 1
    return code[: match.start()] + str(shifted) + code[match.end() :]


def _exchange_name(code: str, rng: Random) -> str | None:
    places = [match for match in _NAME.finditer(code) if match.group() not in _KEYWORDS]
    names = sorted({match.group() for match in places})
    if len(names) < 2:
        return None
    match = rng.choice(places)
    other = rng.choice([name for name in names if name != match.group()])
    return code[: match.start()] + other + code[match.end() :]


def _drop_line(code: str, rng: Random) -> str | None:
    lines = code.splitlines(keepends=True)
    plain = [number for number in _plain_lines(lines) if "return" not in lines[number]]
    if not plain:
        return None
    del lines[rng.choice(plain)]
    return "".join(lines)


def _repeat_line(code: str, rng: Random) -> str | None:
    lines = code.splitlines(keepends=True)
    plain = [
        number
        for number in _plain_lines(lines)
        if not re.match(r"\s*(return|let|const|var|break|continue)\b", lines[number])
    ]
    if not plain:
        return None
    number = rng.choice(plain)
    lines.insert(number, lines[number])
    return "".join(lines)


def _swap_lines(code: str, rng: Random) -> str | None:
    lines = code.splitlines(keepends=True)
    plain = set(_plain_lines(lines))
    pairs = [
        number
        for number in plain
        if number + 1 in plain and _indent(lines[number]) == _indent(lines[number + 1])
    ]
    if not pairs:
        return None
    number = rng.choice(sorted(pairs))
    lines[number : number + 2] = [lines[number + 1], lines[number]]
    return "".join(lines)


def _plain_lines(lines: list[str]) -> list[int]:
    """Numbers of the lines that hold a whole simple statement."""
    return [
        number
        for number, line in enumerate(lines)
        if line.strip() and line.endswith("\n") and not re.search(r"[{}:]\s*$|^\s*[}\])]", line)
    ]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _parses(code: str, language: str) -> bool:
    """Whether a Python function's body parses; other languages are taken on trust."""
    if language != "py":
        return True
    try:
        ast.parse(f"def f():\n{code}" if code[:1].isspace() else code)
    except (SyntaxError, ValueError):
        return False
    return True
