"""The optional real programs beside the project, as tasks with one candidate each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from multipl_e.errors import UserError
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

Item = tuple[Task, Candidate]


def languages_of(folder: Path, kind: str) -> list[str]:
    """Languages that have rows of this kind (``verdicts`` or ``twins``), sorted."""
    return sorted(p.stem.split("-")[1] for p in (folder / "verdicts").glob(f"{kind}-*.jsonl"))


def reference_rows(
    folder: Path, language: str, kind: str
) -> list[tuple[Task, Candidate, dict[str, Any]]]:
    """Rows of ``verdicts-LANG`` or ``twins-LANG`` with the reference's verdict.

    Raises:
        UserError: the data are not here.
    """
    path = folder / "verdicts" / f"{kind}-{language}.jsonl"
    if not path.exists():
        raise UserError(f"needs the optional data at ../shared/data (no {path.name} there)")
    rows = []
    for line in path.open():
        row = json.loads(line)
        if "program" in row:
            # Where the two cannot be told apart, all of it is the solution: nothing tests it.
            starts = (row["program"].find(mark) for mark in ("\nMETADATA", "\ndef check("))
            cut = min((at for at in starts if at >= 0), default=len(row["program"])) + 1
            row |= {"solution": row["program"][:cut], "tests": row["program"][cut:]}
        task = Task(row["name"], language, "", row["tests"])
        rows.append((task, Candidate(row["name"], language, row["solution"], form="solution"), row))
    return rows


def verdict_rows(language: str) -> list[tuple[Item, str]]:
    """Programs that the reference evaluator has judged, with its status."""
    rows = reference_rows(SHARED, language, "verdicts")
    return [((task, candidate), row["status"]) for task, candidate, row in rows]


def answer_rows(language: str) -> list[Item]:
    """MultiPL-E's problems with one chat answer each."""
    items = []
    for line in (SHARED / "multipl_e" / f"humaneval-{language}.jsonl").open():
        row = json.loads(line)
        task = Task(row["name"], language, row["prompt"], row["tests"], tuple(row["stop_tokens"]))
        items.append((task, Candidate(row["name"], language, row["answer"], form="answer")))
    return items


def smoke_rows(language: str, count: int) -> list[Item]:
    """For languages without shared programs: the doctor's, made different by a comment."""
    known = get_language(language)
    code, tests = known.smoke
    items = []
    for number in range(count):
        name = f"smoke_{number}"
        text = code.rstrip("\n") + f"\n{known.comment} {number}\n"
        task = Task(name, language, "", tests)
        items.append((task, Candidate(name, language, text, form="solution")))
    return items
