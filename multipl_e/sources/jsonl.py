"""Tasks from a file of MultiPL-E rows: ``.jsonl``, ``.jsonl.gz``, ``.parquet``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from multipl_e.errors import UserError
from multipl_e.records import Task
from multipl_e.sources._reading import selected
from multipl_e.tables import read_tasks


def load(
    *,
    split: str | None,
    languages: Sequence[str] | None,
    path: Path | str | None = None,
    num_tasks: int | None = None,
) -> list[Task]:
    """The file's tasks in its order, of the split and languages asked for.

    Args:
        split: Keep only this split; rows that name none count as test.
        languages: Keep only these; None keeps all.
        path: The file.
        num_tasks: Keep the first so many problems (a problem in two languages counts once).

    Raises:
        UserError: The file is missing or malformed, or holds nothing that was asked for.
    """
    if path is None:
        raise UserError(
            "the source jsonl reads a file; name it with --path FILE (in a run --tasks.file)"
        )
    return selected(
        read_tasks(path), split=split, languages=languages, num_tasks=num_tasks, place=path
    )
