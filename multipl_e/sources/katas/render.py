"""Katas as MultiPL-E rows. A language is one `Renderer`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from multipl_e.errors import UserError
from multipl_e.records import Task
from multipl_e.sources.katas.javascript import redeclare, translate
from multipl_e.sources.katas.kata import OPERATIONS, Case, Kata
from multipl_e.sources.katas.operations import VARIABLES, Kind, Parameter

FUNCTION = "solve"
_TYPES: dict[Kind, str] = {"int": "int", "ints": "list[int]", "str": "str", "strs": "list[str]"}


@dataclass(frozen=True, slots=True)
class Renderer:
    """How katas are written in one language."""

    prompt: Callable[[Kata], str]
    solution: Callable[[Kata], str]
    tests: Callable[[Sequence[Case]], str]
    stop_tokens: tuple[str, ...]


def render(kata: Kata, language: str) -> Task:
    """The kata as a MultiPL-E row.

    Args:
        kata: The kata.
        language: ``py`` or ``js``.

    Raises:
        UserError: Katas are not written in this language.
    """
    renderer = renderer_of(language)
    return Task(
        name=kata.name,
        language=language,
        prompt=renderer.prompt(kata),
        tests=renderer.tests(kata.tests) if kata.tests else "",
        stop_tokens=renderer.stop_tokens,
        public_tests=renderer.tests(kata.examples),
        canonical_solution=renderer.solution(kata),
        difficulty=kata.difficulty,
        split=kata.split,
        extra=_extra(kata),
    )


def renderer_of(language: str) -> Renderer:
    """The language's renderer; `UserError` naming the known ones otherwise."""
    if language not in RENDERERS:
        known = ", ".join(RENDERERS)
        raise UserError(f"katas are not written in {language!r}; choose from {known}")
    return RENDERERS[language]


def _extra(kata: Kata) -> dict[str, Any]:
    return {
        "operations": list(kata.composition),
        "parameters": ["" if s.parameter is None else str(s.parameter) for s in kata.steps],
        "depth": kata.depth,
        "novel": kata.novel,
        "style": kata.style,
    }


def sentence(kata: Kata) -> str:
    """What to do, in English."""
    text = ", then ".join(step.text for step in kata.steps)
    return f"{text[0].upper()}{text[1:]}."


def _parameter_name(kata: Kata) -> str:
    return VARIABLES[kata.steps[0].operation.source]


def _result_name(kata: Kata) -> str:
    return VARIABLES[kata.steps[-1].operation.target]


@cache
def _python_lines(operation: str, style: int, parameter: Parameter) -> tuple[str, ...]:
    styles = OPERATIONS[operation].styles
    code = re.sub(r"\bK\b", json.dumps(parameter), styles[style % len(styles)])
    return tuple(code.split("\n"))


@cache
def _javascript_lines(operation: str, style: int, parameter: Parameter) -> tuple[str, ...]:
    code = "\n".join(_python_lines(operation, style, parameter))
    return tuple(translate(code, VARIABLES[OPERATIONS[operation].source]))


def _python_prompt(kata: Kata) -> str:
    source, target = kata.steps[0].operation.source, kata.steps[-1].operation.target
    head = f"def {FUNCTION}({VARIABLES[source]}: {_TYPES[source]}) -> {_TYPES[target]}:"
    shown = "".join(
        f"    >>> {FUNCTION}({json.dumps(value)})\n    {expected!r}\n"
        for value, expected in kata.examples
    )
    return f'{head}\n    """{sentence(kata)}\n{shown}    """\n'


def _python_solution(kata: Kata) -> str:
    lines = [
        line
        for step in kata.steps
        for line in _python_lines(step.operation.name, kata.style, step.parameter)
    ]
    lines = _with_return(lines, _result_name(kata), "")
    return "\n".join("    " + line for line in lines)


def _python_tests(cases: Sequence[Case]) -> str:
    asserts = "".join(
        f"    assert candidate({json.dumps(value)}) == {json.dumps(expected)}\n"
        for value, expected in cases
    )
    return (
        f"def check(candidate):\n{asserts}\n"
        f"def test_check():\n    check({FUNCTION})\n\ntest_check()\n"
    )


def _javascript_prompt(kata: Kata) -> str:
    shown = "".join(
        f"// >>> {FUNCTION}({json.dumps(value)})\n// {json.dumps(expected)}\n"
        for value, expected in kata.examples
    )
    return f"// {sentence(kata)}\n{shown}function {FUNCTION}({_parameter_name(kata)}){{\n"


def _javascript_solution(kata: Kata) -> str:
    declared = {_parameter_name(kata)}
    lines: list[str] = []
    for step in kata.steps:
        block = _javascript_lines(step.operation.name, kata.style, step.parameter)
        lines += redeclare(list(block), declared)
    lines = _with_return(lines, _result_name(kata), ";")
    return "\n".join("  " + line for line in lines) + "\n}"


def _javascript_tests(cases: Sequence[Case]) -> str:
    asserts = "".join(
        f"  assert.deepEqual(candidate({json.dumps(value)}),{json.dumps(expected)});\n"
        for value, expected in cases
    )
    return (
        "const assert = require('node:assert');\n\n\n"
        f"function test() {{\n  let candidate = {FUNCTION};\n{asserts}}}\n\ntest();"
    )


def _with_return(lines: list[str], result: str, end: str) -> list[str]:
    """Append the return; a last ``xs = ys`` is returned right away."""
    match = re.fullmatch(rf"(?:let )?{result} = (.+?){end}", lines[-1])
    if match is not None:
        return [*lines[:-1], f"return {match[1]}{end}"]
    return [*lines, f"return {result}{end}"]


RENDERERS = {
    "py": Renderer(
        _python_prompt, _python_solution, _python_tests, ("\ndef", "\n#", "\nif", "\nclass")
    ),
    "js": Renderer(
        _javascript_prompt,
        _javascript_solution,
        _javascript_tests,
        ("\nfunction ", "\n/*", "\n//", "\nconsole.log"),
    ),
}
