"""``python -m multipl_e.curate``: verified tasks from raw problems."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

from multipl_e.cli import run_command
from multipl_e.curation.apps import Excluded, problem_of
from multipl_e.curation.outcomes import KEPT, Outcome, combined, outcome_of
from multipl_e.curation.problems import Problem, task_of
from multipl_e.curation.report import Counts, write_report
from multipl_e.errors import InfrastructureError, UserError
from multipl_e.evaluation.journal import Journal, write_in_order
from multipl_e.executors import Executor, Isolation
from multipl_e.files import iter_rows, write_json
from multipl_e.progress import progress, say
from multipl_e.records import Candidate, Split, Task
from multipl_e.tables import write_tasks

PROG = "python -m multipl_e.curate"
DESCRIPTION = """Make verified tasks of raw APPS problems, as StepCoder's authors made APPS+.

Problems without input, output or solution are dropped; the others get one form of input and output,
and their solution runs on all tests, twice, in the sandbox. What fails is dropped too and kept for
review with what was seen. Killed at any moment, the same command goes on where it was.

  python -m multipl_e.curate --source apps --path apps-train.jsonl --output DIR
  python -m multipl_e.curate --source apps --path codeparrot/apps --split train --output DIR"""

RUNS = 2


@dataclass(frozen=True)
class CurateOptions:
    """What to curate and how.

    Attributes:
        output: Folder for tasks.jsonl, review.jsonl, summary.json and report.html.
        source: The kind of raw problems: apps.
        path: Their file (.jsonl, .jsonl.gz, .parquet), or a name on the Hub.
        split: Split of the Hub's data, and of rows that name none.
        num_problems: Only the first so many; all if left out.
        timeout: Seconds in which a solution must pass all its tests.
        workers: Programs at a time; one per CPU if left out.
        isolation: bubblewrap, or none to run programs unprotected.
    """

    output: Path
    source: Literal["apps"] = "apps"
    path: str = "codeparrot/apps"
    split: Split = "train"
    num_problems: int | None = None
    timeout: float = 15.0
    workers: int | None = None
    isolation: Isolation = "bubblewrap"


def curate(options: CurateOptions) -> dict[str, Any]:
    """Judge all problems; writes the output folder and returns the summary.

    Raises:
        UserError: the problems cannot be read, or the folder holds another curation.
        InfrastructureError: some solutions could not be judged; nothing judged is lost.
    """
    if options.num_problems is not None and options.num_problems < 1:
        raise UserError("--num-problems must be 1 or more")
    rows = Rows(options)
    _claim(options, rows)
    with ExitStack() as stack:
        journals = [
            stack.enter_context(Journal(options.output / f"run-{run}.jsonl", rows.total))
            for run in range(1, RUNS + 1)
        ]
        for run, journal in enumerate(journals):
            _judge(options, rows, run, journal)
        outcomes = [
            [Outcome(**row) if row else None for row in journal.rows()] for journal in journals
        ]
    return _write(options, rows, outcomes)


class Rows:
    """The raw problems, read anew at every pass so that any number fits in memory."""

    def __init__(self, options: CurateOptions) -> None:
        self.options = options
        self._hub = (
            None
            if Path(options.path).exists() or _is_file_name(options.path)
            else _hub(options.path, options.split)
        )
        self.total = sum(1 for _ in self)
        if not self.total:
            raise UserError(f"{options.path}: there are no problems in it")

    def __iter__(self) -> Iterator[Problem | Excluded]:
        for number, (place, row) in enumerate(self._raw()):
            if number == self.options.num_problems:
                return
            yield problem_of(row, place, self.options.split)

    def _raw(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if self._hub is None:
            yield from iter_rows(self.options.path)
            return
        for number, row in enumerate(self._hub, start=1):
            yield f"{self.options.path}, row {number}", row


def _is_file_name(path: str) -> bool:
    return path.startswith((".", "/", "~")) or path.endswith((".jsonl", ".gz", ".parquet", ".json"))


def _hub(name: str, split: str) -> Any:
    from datasets import load_dataset

    try:
        # Its own loading script is not run: the Hub keeps every data set as Parquet as well.
        return load_dataset(name, revision="refs/convert/parquet", split=split)
    except Exception as error:
        first_line = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UserError(
            f"cannot load '{name}' from the Hub ({first_line[:200]}); "
            "without a network give a file with --path"
        ) from error


def _claim(options: CurateOptions, rows: Rows) -> None:
    """Make the output folder this curation's own; refuse one of another."""
    settings = {"source": options.source, "path": options.path, "split": options.split}
    settings |= {"problems": rows.total, "timeout": options.timeout}  # type: ignore[dict-item]
    place = options.output / "curation.json"
    if place.exists():
        before = json.loads(place.read_text(encoding="utf-8"))
        if differing := [name for name in settings if before.get(name) != settings[name]]:
            raise UserError(
                f"{options.output}: holds a curation with other {', '.join(differing)}; choose "
                "another --output, or remove the folder"
            )
    else:
        write_json(place, settings)


def _judge(options: CurateOptions, rows: Rows, run: int, journal: Journal) -> None:
    """One run of every solution that this journal does not hold yet."""
    if journal.num_done == rows.total:
        return
    positions: dict[int, int] = {}

    def remaining() -> Iterator[tuple[Task, Candidate]]:
        number = 0
        for position, problem in enumerate(rows):
            if journal.has(position):
                continue
            if isinstance(problem, Excluded):
                journal.append(position, Outcome(problem.reason, problem.detail).row())
                advance(1)
                continue
            positions[number] = position
            number += 1
            yield _item(problem, run)

    with (
        # A sandbox of its own for each run: what a solution left to chance falls out anew.
        Executor(
            workers=options.workers, timeout=options.timeout, isolation=options.isolation
        ) as executor,
        progress(f"run {run + 1} of {RUNS}", rows.total) as advance,
    ):
        advance(journal.num_done)
        for number, verdict in executor.stream(remaining()):
            position = positions.pop(number)
            if verdict is not None:
                journal.append(position, outcome_of(verdict).row())
            advance(1)
        for reason in dict.fromkeys(executor.failures):
            say(f"could not judge a solution: {reason}")
    if left := rows.total - journal.num_done:
        raise InfrastructureError(f"{left} solutions are left; the same command tries them again")


def _item(problem: Problem, run: int) -> tuple[Task, Candidate]:
    task = task_of(problem)
    # The executor judges equal programs once; a remark makes each run a program of its own.
    task = replace(task, tests=f"{task.tests}# run {run + 1}\n")
    return task, Candidate(task.name, task.language, task.canonical_solution or "")


def _write(
    options: CurateOptions, rows: Rows, outcomes: Sequence[Sequence[Outcome | None]]
) -> dict[str, Any]:
    """The output files, from the problems and the outcomes of their runs."""
    counts = Counts()

    def judged() -> Iterator[tuple[Problem | Excluded, Outcome]]:
        for problem, *runs in zip(rows, *outcomes, strict=True):
            first, second = (run or Outcome("not judged") for run in runs)
            yield problem, combined(first, second)

    def kept() -> Iterator[Task]:
        for problem, outcome in judged():
            counts.add(outcome.reason, problem.difficulty)
            if isinstance(problem, Problem) and outcome.reason == KEPT:
                yield task_of(problem)

    def reviewed() -> Iterator[dict[str, Any]]:
        for problem, outcome in judged():
            if outcome.reason != KEPT:
                row = asdict(problem) if isinstance(problem, Problem) else {"name": problem.name}
                yield {
                    "name": problem.name,
                    **outcome.row(),
                    "difficulty": problem.difficulty,
                    **row,
                }

    write_tasks(options.output / "tasks.jsonl", kept())
    write_in_order(options.output / "review.jsonl", reviewed())
    summary = counts.summary()
    write_json(options.output / "summary.json", summary)
    write_report(options.output / "report.html", options.path, counts)
    return summary


def run(options: CurateOptions) -> None:
    """The command: curate, then say what came out."""
    summary = curate(options)
    reasons = ", ".join(f"{n} {reason}" for reason, n in summary["dropped"].items())
    say(f"{summary['kept']} of {summary['problems']} problems kept; dropped: {reasons or 'none'}")
    say(f"tasks, review, summary, report: {options.output}")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Entry point."""
    run_command(CurateOptions, run, prog=PROG, description=DESCRIPTION, argv=argv)


if __name__ == "__main__":
    main()
