"""The candidates of an evaluation, whatever form they come in, each under its task's name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from multipl_e.errors import UserError
from multipl_e.options import nearest
from multipl_e.records import Candidate, Task, TaskKey
from multipl_e.tables import iter_candidates


def candidates_of_tasks(source: Path, tasks: Mapping[TaskKey, Task]) -> Iterator[Candidate]:
    """Candidates in the file's order, under the names of their tasks; in constant memory.

    Besides what `iter_candidates` reads: samples by ``task_id`` (HumanEval/0), and the BigCode
    harness's generations, a JSON list with a list of programs for each task in order.

    Raises:
        UserError: a row cannot be used, or is of no task (named, with the nearest there is).
    """
    generations = _generations(source)
    if generations is not None:
        yield from _of_generations(source, generations, list(tasks.values()))
        return
    names = {
        (str(task.extra["task_id"]), task.language): task.name
        for task in tasks.values()
        if "task_id" in task.extra
    }
    for candidate in iter_candidates(source):
        if candidate.task_key in tasks:
            yield candidate
        elif candidate.task_key in names:
            yield replace(candidate, task=names[candidate.task_key])
        else:
            raise _no_task(source, candidate, tasks)


def _no_task(source: Path, candidate: Candidate, tasks: Mapping[TaskKey, Task]) -> UserError:
    names = [name for name, language in tasks if language == candidate.language]
    if not names:
        there = ", ".join(sorted({language for _, language in tasks})) or "none"
        return UserError(
            f"{source}: '{candidate.task}' is in {candidate.language}, and the tasks are in {there}"
        )
    hint = nearest(candidate.task, names)
    return UserError(
        f"{source}: there is no {candidate.language} task named '{candidate.task}'"
        + (f" (did you mean '{hint}'?)" if hint else "")
    )


def _generations(source: Path) -> list[object] | None:
    """The content of a JSON file that is a list; None for any other file."""
    if not source.is_file() or not source.name.endswith((".json", ".json.gz")):
        return None
    try:
        data = source.read_bytes()
        text = (gzip.decompress(data) if source.name.endswith(".gz") else data).decode()
        content = json.loads(text) if text.lstrip().startswith("[") else None
    except (ValueError, EOFError, gzip.BadGzipFile):
        return None  # Whoever reads it as rows says what is wrong.
    return content if isinstance(content, list) else None


def _of_generations(
    source: Path, generations: list[object], tasks: list[Task]
) -> Iterator[Candidate]:
    if len(generations) > len(tasks):
        raise UserError(
            f"{source}: holds generations for {len(generations)} tasks, and there are"
            f" {len(tasks)}; give the tasks that they were made for, in the same order"
        )
    for task, programs in zip(tasks, generations, strict=False):
        if not isinstance(programs, list) or not all(isinstance(text, str) for text in programs):
            raise UserError(f"{source}: a list of lists of programs is expected, one per task")
        for index, text in enumerate(programs):
            # The harness writes prompt and completion together.
            continues = bool(task.prompt) and text.startswith(task.prompt)
            yield Candidate(
                task.name,
                task.language,
                text.removeprefix(task.prompt) if continues else text,
                index=index,
                form="completion" if continues else "solution",
            )
