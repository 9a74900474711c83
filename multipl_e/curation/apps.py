"""Rows of APPS (``codeparrot/apps``, or a file with its columns) as problems.

A row is ``{problem_id, question, solutions, input_output, difficulty, url, starter_code}``, where
``solutions`` and ``input_output`` are JSON texts: a list of programs, and ``{inputs, outputs}``
with ``fn_name`` where a function is called.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from multipl_e.curation.problems import Problem
from multipl_e.curation.scripts import MAIN, as_main
from multipl_e.records import Difficulty, Split
from multipl_e.rows import SPLIT_ALIASES, Fields

NO_INPUT, NO_OUTPUT, NO_SOLUTION = "no input", "no output", "no solution"
MALFORMED, SYNTAX, NO_FUNCTION = "malformed tests", "syntax error", "function missing"


@dataclass(frozen=True)
class Excluded:
    """A row of which no problem can be made: why, and what was seen."""

    name: str
    reason: str
    detail: str = ""
    difficulty: str | None = None


def problem_of(row: Mapping[str, Any], place: str, default_split: Split) -> Problem | Excluded:
    """The problem of a raw row, or why there is none.

    Args:
        row: The row.
        place: Where it stands, for complaints.
        default_split: Of rows that name none.

    Raises:
        UserError: a column is missing from the row altogether, so it is no row of APPS.
    """
    fields = Fields(row, place)
    for column in ("problem_id", "question", "solutions", "input_output"):
        if column not in row:
            raise fields.fail(column, "is missing (this is not a row of APPS)")
    split: Split = fields.optional(
        "split", lambda f: fields.one_of(f, get_args(Split), SPLIT_ALIASES), default_split
    )
    level = row.get("difficulty")
    difficulty: Difficulty | None = level if level in get_args(Difficulty) else None
    name = f"APPS_{split}_{row['problem_id']}"
    try:
        solutions = _unpacked(row["solutions"]) or []
        tests = _unpacked(row["input_output"]) or {}
    except ValueError as error:
        return Excluded(name, MALFORMED, str(error)[:200], difficulty)
    if not isinstance(tests, dict) or not isinstance(solutions, list):
        return Excluded(name, MALFORMED, "not {inputs, outputs} and a list of programs", difficulty)
    made = _checked(name, row, tests, solutions)
    if isinstance(made, str):
        reason, _, detail = made.partition(": ")
        return Excluded(name, reason, detail, difficulty)
    return Problem(
        name=name,
        question=str(row["question"] or ""),
        difficulty=difficulty,
        split=split,
        extra={"url": row["url"]} if row.get("url") else {},
        **made,
    )


def _checked(
    name: str, row: Mapping[str, Any], tests: Mapping[str, Any], solutions: list[Any]
) -> dict[str, Any] | str:
    """What a problem needs beside its description; or ``reason: detail``."""
    inputs, outputs = tests.get("inputs"), tests.get("outputs")
    if not inputs:
        return NO_INPUT
    if not outputs:
        return NO_OUTPUT
    if not solutions or not str(solutions[0]).strip():
        return NO_SOLUTION
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        return f"{MALFORMED}: inputs and outputs are not lists"
    if len(inputs) != len(outputs):
        return f"{MALFORMED}: {len(inputs)} inputs and {len(outputs)} outputs"
    source = str(solutions[0])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            if function := tests.get("fn_name"):
                return _called(source, tree, str(function), inputs, outputs, row)
            solution = as_main(source)
            ast.parse(solution)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"{SYNTAX}: {error}"
    try:
        texts = tuple(map(_text, inputs)), tuple(map(_text, outputs))
    except TypeError as error:
        return f"{MALFORMED}: {error}"
    return {
        "function": "main",
        "inputs": texts[0],
        "outputs": texts[1],
        "solution": solution,
        "reads_stdin": True,
        "starter_code": MAIN,
    }


def _called(
    source: str,
    tree: ast.Module,
    function: str,
    inputs: list[Any],
    outputs: list[Any],
    row: Mapping[str, Any],
) -> dict[str, Any] | str:
    if not all(isinstance(given, list) for given in inputs):
        return f"{MALFORMED}: an input is not a list of arguments"
    at_top, in_solution = names_defined(tree)
    if function not in at_top | in_solution:
        return f"{NO_FUNCTION}: the solution does not define {function}"
    return {
        "function": function,
        "inputs": tuple(inputs),
        "outputs": tuple(unwrapped(outputs)),
        "solution": source,
        "is_method": function not in at_top,
        "starter_code": str(row.get("starter_code") or ""),
    }


def names_defined(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Functions (and names bound) at a program's top level, and methods of its ``Solution``."""
    at_top, in_solution = set[str](), set[str]()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            at_top.add(node.name)
        elif isinstance(node, ast.Assign):
            at_top |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            at_top |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ClassDef) and node.name == "Solution":
            in_solution |= {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
    return at_top, in_solution


def unwrapped(outputs: list[Any]) -> list[Any]:
    """Return values as such: APPS wraps each in a list of one, nearly everywhere."""
    if all(isinstance(output, list) and len(output) == 1 for output in outputs):
        return [output[0] for output in outputs]
    return outputs


def _text(value: Any) -> str:
    """Text on standard input or output; some rows have a list of lines."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(line.rstrip("\n") for line in value) + "\n"
    if not isinstance(value, str):
        raise TypeError(f"standard input or output is no text but {type(value).__name__}")
    return value


def _unpacked(value: Any) -> Any:
    """A column that is JSON text, or already what that text says."""
    if not isinstance(value, str):
        return value
    return json.loads(value, parse_constant=_no_constant) if value.strip() else None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value that a test can compare")
