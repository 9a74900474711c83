"""OpenAI's HumanEval, the Python original, as MultiPL-E rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from multipl_e.records import Task
from multipl_e.rows import Fields
from multipl_e.sources._reading import rows_of, selected

REPOSITORY = "openai/openai_humaneval"
STOP_TOKENS = ("\ndef", "\n#", "\nif", "\nclass")


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
        path: A file with the original's fields (task_id, prompt, entry_point, test,
            canonical_solution), a folder, or another ``owner/name`` on the Hub.
        num_tasks: Keep the first so many problems.

    Raises:
        UserError: it cannot be read, or a row lacks a field.
    """
    place = path or REPOSITORY
    tasks = (task_of_row(Fields(row, where)) for where, row in rows_of(place))
    return selected(tasks, split=split, languages=languages, num_tasks=num_tasks, place=place)


def task_of_row(fields: Fields) -> Task:
    """A problem under MultiPL-E's name for it (``HumanEval_0_has_close_elements``)."""
    identifier, entry_point = fields.text("task_id"), fields.text("entry_point")
    return Task(
        name=f"{identifier.replace('/', '_')}_{entry_point}",
        language="py",
        prompt=fields.text("prompt"),
        tests=f"{fields.text('test')}\n\ncheck({entry_point})\n",
        stop_tokens=STOP_TOKENS,
        canonical_solution=fields.optional("canonical_solution", fields.text, None),
        extra={"task_id": identifier},
    )
