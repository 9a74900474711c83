"""``python -m multipl_e.evaluate``: judge a file of candidates."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console

from multipl_e.cli import run_command
from multipl_e.errors import InfrastructureError, UserError
from multipl_e.evaluation.candidates import candidates_of_tasks
from multipl_e.evaluation.comparison import (
    Comparison,
    check_comparable,
    compare,
    comparison_table,
)
from multipl_e.evaluation.journal import Journal, write_in_order
from multipl_e.evaluation.multipl_e_results import write_results
from multipl_e.evaluation.report import write_report
from multipl_e.evaluation.summary import DEFAULT_KS, Tally
from multipl_e.evaluation.written import read_results
from multipl_e.executors import Executor, Isolation
from multipl_e.languages import get_language
from multipl_e.progress import progress, say
from multipl_e.records import Candidate, Task, TaskKey, Verdict
from multipl_e.tables import read_tasks, write_json

PROG = "python -m multipl_e.evaluate"
DESCRIPTION = """Run candidates with their tasks' tests and say which pass.

Tasks are MultiPL-E rows; candidates are rows {name, language} with a completion (continues the
prompt), a solution (stands in place of prompt and completion) or an answer (chat text), samples by
task_id, the BigCode harness's list of lists, or a folder of MultiPL-E's NAME.json.gz. Programs run
in a sandbox. Killed at any moment, the same command goes on where it was.

  python -m multipl_e.evaluate --tasks humaneval-js.jsonl --candidates mine.jsonl --output DIR
  python -m multipl_e.evaluate --tasks multipl_e_folder --output DIR --multipl-e-results
  python -m multipl_e.evaluate --tasks T.jsonl --candidates C.jsonl --output A --compare B"""


@dataclass(frozen=True)
class EvaluateOptions:
    """What to judge and how.

    Attributes:
        tasks: MultiPL-E rows (.jsonl, .jsonl.gz, .parquet) or a folder of NAME.json.gz.
        output: Folder for results.jsonl, summary.json and report.html.
        candidates: Rows of candidates; the folder of tasks itself if left out.
        timeout: Seconds a program may run.
        workers: Programs at a time; one per CPU if left out.
        isolation: bubblewrap, or none to run programs unprotected.
        cache: Folder of verdicts to reuse between evaluations; none if left out.
        memory_mb: Memory of one program in MiB.
        ks: The k of pass@k.
        seed: Of the confidence intervals.
        skip_missing: Leave out languages whose toolchain is missing, instead of stopping.
        multipl_e_results: Also write MultiPL-E's NAME.results.json.gz files.
        compare: Output folder of another evaluation to set beside this one, task by task.
    """

    tasks: Path
    output: Path
    candidates: Path | None = None
    timeout: float = 15.0
    workers: int | None = None
    isolation: Isolation = "bubblewrap"
    cache: Path | None = None
    memory_mb: int = 1024
    ks: tuple[int, ...] = DEFAULT_KS
    seed: int = 0
    skip_missing: bool = False
    multipl_e_results: bool = False
    compare: Path | None = None


def evaluate(options: EvaluateOptions) -> dict[str, Any]:
    """Judge all candidates; writes the output folder and returns the summary.

    Raises:
        UserError: something in the input cannot be used (said before anything runs).
        InfrastructureError: some candidates could not be judged (the others are written).
    """
    source = options.candidates or options.tasks
    tasks = {task.key: task for task in read_tasks(options.tasks)}
    if options.compare is not None:
        check_comparable(options.compare)
    skipped, num_candidates = _check(tasks, source, options)

    def candidates() -> Iterator[Candidate]:
        return (c for c in candidates_of_tasks(source, tasks) if c.language not in skipped)

    with _executor(options) as executor:  # it refuses impossible limits before anything is written
        _claim(options, source)
        if not (options.output / "results.jsonl").exists():
            _fill(tasks, candidates, num_candidates, executor, options.output)

    def judged() -> Iterator[tuple[Task, Candidate, dict[str, Any]]]:
        for candidate, row in zip(candidates(), read_results(options.output), strict=True):
            yield tasks[candidate.task_key], candidate, row

    summary = _summarise(options, tasks)
    comparison = _compare(options)
    write_report(
        options.output / "report.html",
        summary,
        judged(),
        timeout=options.timeout,
        comparison=comparison,
    )
    if options.multipl_e_results:
        write_results(options.output / "multipl-e", judged())
    return summary


def _executor(options: EvaluateOptions) -> Executor:
    return Executor(
        workers=options.workers,
        timeout=options.timeout,
        isolation=options.isolation,
        cache=options.cache,
        memory_mb=options.memory_mb,
    )


def _fill(
    tasks: dict[TaskKey, Task],
    candidates: Callable[[], Iterator[Candidate]],
    total: int,
    executor: Executor,
    folder: Path,
) -> None:
    """Judge all candidates and write results.jsonl in their order."""
    with Journal(folder / "results.partial.jsonl", total) as journal:
        _judge(tasks, candidates(), journal, total, executor)
        rows = zip(candidates(), journal.rows(), strict=True)
        write_in_order(folder / "results.jsonl", (_row(c, row) for c, row in rows))
    if journal.num_done == total:
        journal.path.unlink()


def _compare(options: EvaluateOptions) -> Comparison | None:
    """Set the other evaluation beside this one: comparison.json, and a table for the reader."""
    if options.compare is None:
        return None
    comparison = compare(options.output, options.compare, seed=options.seed)
    write_json(options.output / "comparison.json", comparison.to_dict())
    Console().print(comparison_table(comparison))
    return comparison


def _check(
    tasks: dict[TaskKey, Task], source: Path, options: EvaluateOptions
) -> tuple[set[str], int]:
    """Read all candidates once, so that a bad row is found before anything runs."""
    counts: Counter[str] = Counter()
    for candidate in candidates_of_tasks(source, tasks):
        counts[candidate.language] += 1
    if not counts:
        raise UserError(f"{source}: there are no candidates in it")
    missing = {name for name in counts if get_language(name).toolchain is None}
    if missing and not options.skip_missing:
        packages = ", ".join(sorted(get_language(name).package for name in missing))
        raise UserError(
            f"no toolchain for {', '.join(sorted(missing))}: install {packages}, or pass"
            " --skip-missing to leave these candidates out"
        )
    for name in sorted(missing):
        say(f"{name}: {counts[name]} candidates left out ({get_language(name).package} is missing)")
    return missing, sum(n for name, n in counts.items() if name not in missing)


def _claim(options: EvaluateOptions, source: Path) -> None:
    """Make the output folder this evaluation's own; refuse one of another evaluation."""
    settings = {
        "tasks": _digest(options.tasks),
        "candidates": _digest(source),
        "timeout": options.timeout,
        "memory_mb": options.memory_mb,
        "skip_missing": options.skip_missing,
    }
    place = options.output / "evaluation.json"
    if place.exists():
        before = json.loads(place.read_text())
        differing = [name for name in settings if before.get(name) != settings[name]]
        if differing:
            raise UserError(
                f"{options.output}: holds an evaluation with other {', '.join(differing)}; choose"
                " another --output, or remove the folder"
            )
    elif (options.output / "results.jsonl").exists():
        raise UserError(f"{options.output}: holds results of something else; choose another")
    else:
        write_json(place, settings)


def _digest(path: Path) -> str:
    """Fingerprint of a file's bytes, or of all files of a folder."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]:
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _judge(
    tasks: dict[TaskKey, Task],
    candidates: Iterator[Candidate],
    journal: Journal,
    total: int,
    executor: Executor,
) -> None:
    """Judge what the journal does not hold yet."""
    if journal.num_done:
        say(f"{journal.num_done} of {total} candidates were judged before; going on")
    if journal.num_done == total:
        return
    positions: dict[int, int] = {}

    def remaining() -> Iterator[tuple[Task, Candidate]]:
        number = 0
        for position, candidate in enumerate(candidates):
            if not journal.has(position):
                positions[number] = position
                number += 1
                yield tasks[candidate.task_key], candidate

    with progress("judging", total) as advance:
        advance(journal.num_done)
        for number, verdict in executor.stream(remaining()):
            position = positions.pop(number)
            if verdict is not None:
                journal.append(position, _verdict_row(verdict))
            advance(1)
        for reason in dict.fromkeys(executor.failures):
            say(f"could not judge a candidate: {reason}")


def _verdict_row(verdict: Verdict) -> dict[str, Any]:
    return {
        "status": verdict.status,
        "exit_code": verdict.exit_code,
        "stdout": verdict.stdout,
        "stderr": verdict.stderr,
        "seconds": round(verdict.seconds, 4),
        "tests_passed": verdict.tests_passed,
        "tests_total": verdict.tests_total,
    }


def _row(candidate: Candidate, verdict: dict[str, Any] | None) -> dict[str, Any]:
    """A row of results.jsonl; its status is null where the failure was ours."""
    head = {"name": candidate.task, "language": candidate.language, "index": candidate.index}
    return head | (verdict or {"status": None})


def _summarise(options: EvaluateOptions, tasks: dict[TaskKey, Task]) -> dict[str, Any]:
    tally = Tally({key: task.difficulty for key, task in tasks.items() if task.difficulty})
    for row in read_results(options.output):
        tally.add((row["name"], row["language"]), row["status"], row.get("seconds", 0.0))
    summary = tally.summary(options.ks, seed=options.seed)
    write_json(options.output / "summary.json", summary)
    return summary


def run(options: EvaluateOptions) -> None:
    """The command: evaluate, then say in a line per language what came out."""
    summary = evaluate(options)
    for name, row in summary["languages"].items():
        rates = "  ".join(
            f"pass@{k} {i['value']:.3f} [{i['low']:.3f}, {i['high']:.3f}]"
            for k, i in row["pass_at_k"].items()
        )
        others = ", ".join(f"{n} {status}" for status, n in row["statuses"].items() if n)
        say(f"{name}: {row['tasks']} tasks, {row['candidates']} candidates  {rates}  ({others})")
    unjudged = summary["overall"]["unjudged"]
    if unjudged:
        (options.output / "results.jsonl").unlink()
        raise InfrastructureError(
            f"{unjudged} candidates are left; the same command tries them again"
        )
    say(f"results, summary, report: {options.output}")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Entry point."""
    run_command(EvaluateOptions, run, prog=PROG, description=DESCRIPTION, argv=argv)


if __name__ == "__main__":
    main()
