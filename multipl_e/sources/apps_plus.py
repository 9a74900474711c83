"""APPS+, StepCoder's refined APPS (arXiv 2402.01391), from the JSON file that its authors released.

The file is a list of problems (or an object of them): ``starter_code``, ``inputs``, ``outputs``,
``canonical_solution``, a description and a difficulty. Programs that read standard input are
functions without arguments there (``def main():``). A set curated by ``multipl_e.curate`` is read
by the source ``jsonl``.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from multipl_e.curation.apps import names_defined, unwrapped
from multipl_e.curation.problems import Problem, task_of
from multipl_e.errors import UserError
from multipl_e.files import iter_rows
from multipl_e.records import Difficulty, Split, Task
from multipl_e.rows import SPLIT_ALIASES, Fields

# The description and the function's name have had several names in what was released.
_QUESTION = ("prompt", "question", "description", "problem")
_FUNCTION = ("fn_name", "function_name", "entry_point")
_FIRST_FUNCTION = re.compile(r"^[ \t]*def\s+(\w+)\s*\(", re.MULTILINE)


def load(
    *,
    split: str | None,
    languages: Sequence[str] | None,
    path: Path | str | None = None,
    num_tasks: int | None = None,
) -> list[Task]:
    """The file's problems as Python tasks.

    Args:
        split: Keep only this split; rows that name none are training problems.
        languages: Python or nothing.
        path: The released file (.json, or .jsonl or .parquet with the same columns).
        num_tasks: Keep the first so many.

    Raises:
        UserError: The file is missing or malformed, or holds nothing that was asked for.
    """
    if path is None:
        raise UserError(
            "the source apps-plus reads the released file; "
            "name it with --path FILE (in a run --tasks.file)"
        )
    if languages is not None and "py" not in languages:
        raise UserError("APPS+ is in Python only; ask for --language py")
    tasks: list[Task] = []
    for place, row in _rows(Path(path)):
        task = task_of(problem_of(row, place, len(tasks)))
        if split in (None, task.split):
            tasks.append(task)
        if len(tasks) == num_tasks:
            break
    if not tasks:
        raise UserError(f"{path} holds no {split or ''} problems".replace("  ", " "))
    return tasks


def problem_of(row: Mapping[str, Any], place: str, position: int) -> Problem:
    """The problem of a released row.

    Raises:
        UserError: A field is missing or unusable; the place and the field are named.
    """
    fields = Fields(row, place)
    starter = fields.optional("starter_code", fields.text, "")
    solution = fields.text("canonical_solution")
    inputs, outputs = fields.get("inputs", list, "a list"), fields.get("outputs", list, "a list")
    if not inputs or len(inputs) != len(outputs):
        raise fields.fail("outputs", f"has {len(outputs)} entries for {len(inputs)} inputs")
    function = _first(fields, _FUNCTION) or _function_of(starter or solution, fields)
    try:
        at_top, in_solution = names_defined(ast.parse(solution))
    except (SyntaxError, ValueError) as error:
        raise fields.fail("canonical_solution", f"is no Python program ({error})") from None
    if function not in at_top | in_solution:
        raise fields.fail("canonical_solution", f"does not define {function}")
    reads_stdin = all(isinstance(text, str) for text in [*inputs, *outputs]) and bool(
        re.search(rf"def\s+{function}\s*\(\s*\)", solution)
    )
    if not reads_stdin and not all(isinstance(given, list) for given in inputs):
        raise fields.fail("inputs", f"must be lists of arguments for {function}")
    names = [row[key] for key in ("id", "problem_id") if row.get(key) is not None]
    return Problem(
        name=f"APPS_plus_{names[0] if names else position}",
        question=_first(fields, _QUESTION) or "",
        function=function,
        inputs=tuple(inputs),
        outputs=tuple(outputs if reads_stdin else unwrapped(outputs)),
        solution=solution,
        reads_stdin=reads_stdin,
        is_method=function not in at_top,
        starter_code=starter,
        difficulty=fields.optional(
            "difficulty", lambda f: fields.one_of(f, get_args(Difficulty), {}), None
        ),
        split=fields.optional(
            "split", lambda f: fields.one_of(f, get_args(Split), SPLIT_ALIASES), "train"
        ),
    )


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.name.endswith(".json"):
        yield from iter_rows(path)
        return
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error})") from None
    rows = list(content.values()) if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{path}: a list of problems is expected, each a JSON object")
    for number, row in enumerate(rows, start=1):
        yield f"{path}, problem {number}", row


def _first(fields: Fields, names: Sequence[str]) -> str | None:
    return next((fields.text(name) for name in names if fields.has(name)), None)


def _function_of(code: str, fields: Fields) -> str:
    found = _FIRST_FUNCTION.search(code)
    if found is None:
        raise fields.fail("starter_code", "names no function")
    return found[1]
