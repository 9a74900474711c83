"""HumanEval+ and MBPP+ (EvalPlus, arXiv 2305.01210) as MultiPL-E rows.

Their JSONL brings inputs and a reference solution, so a test asks the reference what it expects;
it runs beside the tests, out of the candidate's reach. The Hub's copies, whose ``test`` is a whole
program, are read as well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from multipl_e.records import Task
from multipl_e.rows import Fields
from multipl_e.sources._reading import rows_of, selected
from multipl_e.sources.humaneval import STOP_TOKENS

REPOSITORY = "evalplus/humanevalplus"

# Where EvalPlus compares otherwise than by value: as sets, and by whether there is a match.
_AS_SETS = frozenset(
    {
        "similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly",
        "larg_nnum", "intersection_array", "find_dissimilar", "Diff",
    }
)  # fmt: skip
_BY_MATCH = frozenset({"check_str", "text_match_three", "text_starta_endb"})

_TESTS = """import copy
import math

inf, nan = float("inf"), float("nan")
REFERENCE = {{}}
exec({reference!r}, REFERENCE)
INPUTS = {inputs!r}


def near(out, expected, tolerance):
    if isinstance(expected, (list, tuple)):
        alike = isinstance(out, (list, tuple)) and len(out) == len(expected)
        return alike and all(near(a, b, tolerance) for a, b in zip(out, expected))
    try:
        both_nan = math.isnan(out) and math.isnan(expected)
        return both_nan or math.isclose(out, expected, rel_tol=1e-7, abs_tol=tolerance)
    except TypeError:
        return out == expected


def floats(value):
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def same(out, expected, arguments):
{compare}


def check(candidate):
    reference = REFERENCE[{entry_point!r}]
    for arguments in INPUTS:
        expected = reference(*copy.deepcopy(arguments))
        assert same(candidate(*copy.deepcopy(arguments)), expected, arguments), arguments


check({entry_point})
"""
_BY_VALUE = """    tolerance = {atol!r} or (1e-6 if floats(expected) else 0.0)
    return out == expected or (tolerance > 0 and near(out, expected, tolerance))"""
_COMPARE = {
    "sets": "    return set(out) == set(expected)",
    "match": "    found = out if isinstance(out, bool) else out is not None\n"
    "    return found == (expected if isinstance(expected, bool) else expected is not None)",
    # Any root will do.
    "root": "    return abs(REFERENCE['poly'](*arguments, out)) <= ({atol!r} or 1e-4)",
}


def load(
    *,
    split: str | None,
    languages: Sequence[str] | None,
    path: Path | str | None = None,
    num_tasks: int | None = None,
) -> list[Task]:
    """The problems in their order, all of them test tasks.

    Args:
        split: There are test tasks only.
        languages: Python only.
        path: HumanEvalPlus.jsonl(.gz) or MbppPlus.jsonl(.gz), a folder, or ``owner/name`` on the
            Hub.
        num_tasks: Keep the first so many problems.

    Raises:
        UserError: it cannot be read, or a row lacks a field.
    """
    place = path or REPOSITORY
    tasks = (task_of_row(Fields(row, where)) for where, row in rows_of(place))
    return selected(tasks, split=split, languages=languages, num_tasks=num_tasks, place=place)


def task_of_row(fields: Fields) -> Task:
    """A problem under MultiPL-E's name; its ``task_id`` (``HumanEval/0``) is kept beside it."""
    if not fields.has("base_input"):
        return _with_tests(fields)
    identifier, entry_point = fields.text("task_id"), fields.text("entry_point")
    prompt, solution = fields.text("prompt"), fields.text("canonical_solution")
    continues = bool(re.search(rf"^def {re.escape(entry_point)}\b", prompt, re.MULTILINE))
    inputs = fields.get("base_input", list, "a list") + fields.optional(
        "plus_input", lambda field: fields.get(field, list, "a list"), []
    )
    example = _example(fields.optional("assertion", fields.text, ""), entry_point)
    if example is not None:
        inputs = [_cast(arguments, list(example)) for arguments in inputs]
    atol = fields.optional("atol", fields.number, 0.0)
    compare = _COMPARE.get(_kind(entry_point), _BY_VALUE).format(atol=atol)
    return Task(
        name=_name(identifier, entry_point),
        language="py",
        prompt=prompt,
        tests=_TESTS.format(
            reference=prompt + solution if continues else solution,
            inputs=inputs,
            compare=compare,
            entry_point=entry_point,
        ),
        stop_tokens=STOP_TOKENS if continues else ("\nassert", "\nif __name__", '\n"""'),
        canonical_solution=solution,
        extra={"task_id": identifier},
    )


def _with_tests(fields: Fields) -> Task:
    """A row of the Hub's copies, which hold the tests as a program."""
    tests = fields.text("test")
    identifier = fields.row.get("task_id")
    if fields.has("entry_point"):
        entry_point = fields.text("entry_point")
        tests = f"{tests}\n\ncheck({entry_point})\n"
        prompt, solution = fields.text("prompt"), fields.text("canonical_solution")
    else:  # MBPP+
        assertions = "\n".join(fields.texts("test_list"))
        called = re.search(r"assert\s+(?:\w+\()*?(\w+)\(", assertions)
        entry_point = called[1] if called else ""
        prompt = f'"""\n{fields.text("prompt")}\n{assertions.splitlines()[0]}\n"""\n'
        solution = fields.text("code")
    identifier = identifier if isinstance(identifier, str) else f"Mbpp/{identifier}"
    return Task(
        name=_name(identifier, entry_point),
        language="py",
        prompt=prompt,
        tests=tests,
        stop_tokens=STOP_TOKENS if "def " in prompt else ("\nassert", '\n"""'),
        canonical_solution=solution,
        extra={"task_id": identifier},
    )


def _name(identifier: str, entry_point: str) -> str:
    family = identifier.replace("Mbpp/", "mbpp_").replace("/", "_")
    return f"{family}_{entry_point}"


def _kind(entry_point: str) -> str:
    if entry_point in _AS_SETS:
        return "sets"
    if entry_point in _BY_MATCH:
        return "match"
    return "root" if entry_point == "find_zero" else "value"


def _example(assertion: str, entry_point: str) -> tuple[Any, ...] | None:
    """The arguments of the first call in MBPP+'s ``assertion``; they tell tuples from lists."""
    try:
        tree = ast.parse(assertion)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == entry_point:
            try:
                return tuple(ast.literal_eval(argument) for argument in node.args)
            except ValueError:
                return None
    return None


def _cast(value: Any, example: Any) -> Any:
    """A JSON value as the kind of its example: lists that are tuples or sets, texts of numbers."""
    if isinstance(example, complex) and isinstance(value, str):
        return complex(value)
    if isinstance(value, dict) and isinstance(example, dict) and example:
        inner = next(iter(example.values()))
        return {key: _cast(item, inner) for key, item in value.items()}
    if not isinstance(value, list) or not isinstance(example, list | tuple | set):
        return value
    parts = list(example)
    pairs = [
        (item, parts[min(i, len(parts) - 1)] if parts else None) for i, item in enumerate(value)
    ]
    cast = [_cast(item, part) for item, part in pairs]
    return cast if isinstance(example, list) else type(example)(cast)
