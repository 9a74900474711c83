"""Google's MBPP, the Python original (full or sanitized), as MultiPL-E rows.

A row has a sentence, a solution and assertions. The prompt is the solution's signature with the
sentence as its docstring, as MultiPL-E writes it; the assertions stay hidden.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

from multipl_e.errors import UserError
from multipl_e.records import Split, Task
from multipl_e.rows import Fields
from multipl_e.sources._reading import rows_of, selected
from multipl_e.sources.humaneval import STOP_TOKENS

REPOSITORY = "google-research-datasets/mbpp"


def load(
    *,
    split: str | None,
    languages: Sequence[str] | None,
    path: Path | str | None = None,
    num_tasks: int | None = None,
) -> list[Task]:
    """The problems, in the splits of the paper (Austin et al. 2021, section 2.1).

    Args:
        split: train (601 and above, and the few-shot examples 1 to 10), valid (511 to 600) or
            test (11 to 510).
        languages: Python only.
        path: A file with the original's fields (task_id, text or prompt, code, test_list), a
            folder, or another ``owner/name`` on the Hub.
        num_tasks: Keep the first so many problems.

    Raises:
        UserError: it cannot be read, or a row lacks a field.
    """
    place = path or REPOSITORY
    parts = ("prompt", "test", "validation", "train")
    rows = rows_of(place, config=None if path else "full", splits=parts)
    tasks = (task_of_row(Fields(row, where)) for where, row in rows)
    return selected(tasks, split=split, languages=languages, num_tasks=num_tasks, place=place)


def task_of_row(fields: Fields) -> Task:
    """A problem under MultiPL-E's name for it (``mbpp_11_remove_Occ``)."""
    number = fields.whole("task_id")
    code = fields.text("code").replace("\r\n", "\n")
    assertions = fields.texts("test_list")
    described = fields.text("text" if fields.has("text") else "prompt")
    imports: list[str] = fields.optional("test_imports", fields.texts, [])
    setup = fields.optional("test_setup_code", fields.text, "")
    function = _function(code, assertions, fields)
    lines = code.split("\n")
    first, last = function.body[0].lineno, function.end_lineno or len(lines)
    head = "\n".join(lines[function.lineno - 1 : first - 1])
    if not head.rstrip().endswith(":"):  # all on one line
        head = f"def {function.name}({ast.unparse(function.args)}):"
        body = "    " + "\n    ".join(map(ast.unparse, function.body))
    else:
        body = "\n".join(lines[first - 1 : last])
    # Helpers and imports around the function move inside it: a completion ends at the next "def".
    around = "\n".join([*lines[: function.lineno - 1], *lines[last:]]).strip()
    space = body[: len(body) - len(body.lstrip())]
    quoted = described.strip().replace("\\", "\\\\").replace('"""', "'''")
    return Task(
        name=f"mbpp_{number}_{function.name}",
        language="py",
        prompt=f'{head}\n{space}"""{quoted}\n{space}"""\n',
        tests="\n".join([*imports, *filter(None, [setup]), *assertions, ""]),
        stop_tokens=STOP_TOKENS,
        canonical_solution=(f"{indent(around, space)}\n" if around else "") + f"{body}\n",
        split=_split(number),
        extra={"task_id": f"Mbpp/{number}"},
    )


def _function(code: str, assertions: Sequence[str], fields: Fields) -> ast.FunctionDef:
    """The function that the assertions call."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        raise fields.fail("code", "is not Python") from None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    called = "\n".join(assertions)
    for function in reversed(functions):
        if re.search(rf"\b{function.name}\s*\(", called):
            return function
    raise UserError(f"{fields.place}: no function of 'code' is called in 'test_list'")


def _split(number: int) -> Split:
    if 11 <= number <= 510:
        return "test"
    return "valid" if 511 <= number <= 600 else "train"
