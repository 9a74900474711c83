"""Tasks, candidates, verdicts and pairs as files.

By the name's ending: ``.jsonl`` and ``.jsonl.gz`` (one row a line), ``.parquet``. Tasks and
candidates are read from MultiPL-E's own files as well: a folder of ``NAME.json.gz`` (with
completions) and ``NAME.results.json.gz`` (with results), and the columns of the Hub's
``bigcode/MultiPL-E-completions``. A row that cannot be used is a `UserError` that names the file,
the line and the field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multipl_e.errors import UserError
from multipl_e.files import iter_rows, write_json, write_rows
from multipl_e.records import Candidate, Pair, Task, TaskKey, Verdict
from multipl_e.rows import (
    FORMS,
    TASK_FIELDS,
    Fields,
    candidates_of,
    labelled_of,
    pair_of,
    row_of_candidate,
    row_of_task,
    row_of_verdict,
    task_of,
)

if TYPE_CHECKING:
    import pyarrow

__all__ = [
    "iter_candidates",
    "iter_labelled",
    "iter_tasks",
    "read_candidates",
    "read_labelled",
    "read_pairs",
    "read_tasks",
    "write_candidates",
    "write_json",
    "write_labelled",
    "write_pairs",
    "write_tasks",
]

PROBLEM_ENDINGS = (".json.gz", ".json")
RESULTS_ENDINGS = (".results.json.gz", ".results.json")
TABLE_ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")


def read_tasks(path: Path | str) -> list[Task]:
    """Tasks of a file or folder, in its order; fields that are not ours stay in `Task.extra`.

    Raises:
        UserError: the file is missing or a row lacks a field (both named).
    """
    return list(iter_tasks(path))


def iter_tasks(path: Path | str) -> Iterator[Task]:
    """`read_tasks`, one at a time."""
    for place, row in _iter_files(path, results=False):
        yield task_of(Fields(row, place))


def write_tasks(path: Path | str, tasks: Iterable[Task]) -> None:
    """Write tasks as MultiPL-E rows (JSON lines) or with fixed columns (Parquet).

    A row that was read from a file is written back as it was. In Parquet the fields that are not
    ours are one JSON text in the column ``extra``, so that every file has the same columns.
    """
    parquet = str(path).endswith(".parquet")
    write_rows(path, (row_of_task(task, parquet) for task in tasks), _schema("task"))


def read_candidates(path: Path | str) -> list[Candidate]:
    """Candidates of a file or folder, in its order.

    A row is ``{name, language}`` with one of ``completion`` (continues the prompt), ``solution``
    (stands in place of prompt and completion) and ``answer`` (chat text), and optionally
    ``sample``, ``logprobs`` (a list, one per token), ``logprob`` (their sum), ``sampler`` and
    ``round``. Without ``sample`` the rows of a task are numbered from 0.

    Raises:
        UserError: the file is missing or a row lacks a field (both named).
    """
    return list(iter_candidates(path))


def iter_candidates(path: Path | str) -> Iterator[Candidate]:
    """`read_candidates`, one at a time, in constant memory."""
    numbered = _Numbering()
    for place, row in _iter_files(path, results=False):
        for candidate in candidates_of(Fields(row, place)):
            yield numbered(candidate)


def write_candidates(path: Path | str, candidates: Iterable[Candidate]) -> None:
    """Write candidates, one row each, taking them from the iterable one at a time."""
    write_rows(path, map(row_of_candidate, candidates), _schema("candidate"))


def read_labelled(path: Path | str) -> list[tuple[Candidate, Verdict]]:
    """Candidates with the verdicts beside them, in the file's order.

    Raises:
        UserError: the file is missing or a row lacks a field (both named).
    """
    return list(iter_labelled(path))


def iter_labelled(path: Path | str) -> Iterator[tuple[Candidate, Verdict]]:
    """`read_labelled`, one at a time, in constant memory."""
    numbered = _Numbering()
    for place, row in _iter_files(path, results=True):
        for candidate, verdict in labelled_of(Fields(row, place)):
            yield numbered(candidate), verdict


def write_labelled(path: Path | str, rows: Iterable[tuple[Candidate, Verdict]]) -> None:
    """Write candidates with their verdicts, one row each."""
    merged = (row_of_candidate(candidate) | row_of_verdict(verdict) for candidate, verdict in rows)
    write_rows(path, merged, _schema("labelled"))


def read_pairs(path: Path | str) -> list[Pair]:
    """Training pairs, in the file's order."""
    return [pair_of(Fields(row, place)) for place, row in iter_rows(path)]


def write_pairs(path: Path | str, pairs: Iterable[Pair]) -> None:
    """Write training pairs, one row each."""
    rows = (
        {
            "name": pair.task,
            "language": pair.language,
            "chosen": pair.chosen,
            "rejected": pair.rejected,
            "origin": pair.origin,
            "weight": pair.weight,
        }
        for pair in pairs
    )
    write_rows(path, rows, _schema("pair"))


class _Numbering:
    """Numbers the samples of each task where the file does not."""

    def __init__(self) -> None:
        self.seen: Counter[TaskKey] = Counter()

    def __call__(self, candidate: Candidate) -> Candidate:
        index = self.seen[candidate.task_key] if candidate.index < 0 else candidate.index
        self.seen[candidate.task_key] += 1
        return replace(candidate, index=index)


def _iter_files(path: Path | str, *, results: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a file, or of the files of a folder in the order of their names."""
    path = Path(path)
    if not path.is_dir():
        yield from iter_rows(path)
        return
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    problems = [file for file in files if file.name.endswith(PROBLEM_ENDINGS)]
    judged = [file for file in problems if file.name.endswith(RESULTS_ENDINGS)]
    wanted = judged if results else [file for file in problems if file not in set(judged)]
    wanted = wanted or [file for file in files if file.name.endswith(TABLE_ENDINGS)]
    if not wanted:
        kind = "*.results.json.gz" if results else "*.json.gz"
        raise UserError(f"{path}: the folder holds no {kind}, *.jsonl or *.parquet files")
    for file in wanted:
        yield from iter_rows(file)


def _schema(table: str) -> pyarrow.Schema:
    """The Parquet columns of a table, in the order a person wants to see them."""
    import pyarrow as pa

    task_columns = [(field, pa.string()) for field in (*TASK_FIELDS, "extra")]
    candidate_columns = [
        ("name", pa.string()),
        ("language", pa.string()),
        ("sample", pa.int32()),
        *((form, pa.string()) for form in FORMS),
        ("logprobs", pa.list_(pa.float64())),
        ("sampler", pa.string()),
        ("round", pa.int32()),
    ]
    verdict_columns = [
        ("status", pa.string()),
        ("exit_code", pa.int32()),
        ("stdout", pa.string()),
        ("stderr", pa.string()),
        ("seconds", pa.float64()),
        ("executed_lines", pa.list_(pa.int32())),
        ("tests_passed", pa.int32()),
        ("tests_total", pa.int32()),
    ]
    texts = ("name", "language", "chosen", "rejected", "origin")
    columns = {
        "task": [
            (name, pa.list_(pa.string()) if name == "stop_tokens" else kind)
            for name, kind in task_columns
        ],
        "candidate": candidate_columns,
        "labelled": candidate_columns + verdict_columns,
        "pair": [*((text, pa.string()) for text in texts), ("weight", pa.float64())],
    }
    return pa.schema(columns[table])
