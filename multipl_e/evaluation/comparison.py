"""Two evaluations side by side, task by task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from multipl_e.errors import UserError
from multipl_e.evaluation.written import percent, read_results, settings_of, written_p_value
from multipl_e.metrics import Interval, bootstrap_interval, paired_difference, paired_p_value
from multipl_e.records import TaskKey

MAX_CHANGED_SHOWN = 20

Rates = Mapping[TaskKey, float]


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """The tasks of one language (or all) that both evaluations judged.

    Attributes:
        language: Short name, or ``overall``.
        tasks: Number of shared tasks.
        here: Mean pass@1 over them in this evaluation.
        there: The same in the other.
        difference: ``here - there``, paired by task.
        p_value: Two-sided, of the paired sign-flip test.
        better: Number of tasks with a higher pass rate here.
        worse: Number of tasks with a lower one.
    """

    language: str
    tasks: int
    here: Interval
    there: Interval
    difference: Interval
    p_value: float
    better: int
    worse: int


@dataclass(frozen=True, slots=True)
class Changed:
    """One program that the two evaluations judged differently."""

    name: str
    language: str
    index: int
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """This evaluation beside another.

    Attributes:
        other: The other's folder, as it was given.
        rows: Per language, then overall; empty where no task is shared.
        unshared: Number of tasks that only one of them judged.
        direction: Per shared task, the sign of the difference (-1, 0 or 1).
        num_changed: Of the same programs, how many got another verdict; None where the two
            evaluations are not of the same candidates.
        changed: The first of those.
    """

    other: str
    rows: tuple[ComparedRow, ...]
    unshared: int
    direction: Mapping[TaskKey, int]
    num_changed: int | None
    changed: tuple[Changed, ...]

    def to_dict(self) -> dict[str, Any]:
        """For ``comparison.json``."""
        return {
            "other": self.other,
            "tasks_not_shared": self.unshared,
            "languages": {
                row.language: {
                    name: value.to_dict() if isinstance(value, Interval) else value
                    for name, value in ((n, getattr(row, n)) for n in row.__slots__)
                    if name != "language"
                }
                for row in self.rows
            },
            "same_program_other_verdict": self.num_changed,
            "first_of_these": [asdict(change) for change in self.changed],
        }


def check_comparable(other: Path) -> None:
    """Refuse a folder that holds no finished evaluation, before anything is judged.

    Raises:
        UserError: it holds none.
    """
    if not (other / "results.jsonl").is_file():
        raise UserError(
            f"--compare {other}: holds no results.jsonl; name the --output folder of a finished"
            " evaluation"
        )


def compare(folder: Path, other: Path, *, seed: int = 0) -> Comparison:
    """Compare a finished evaluation with another.

    Raises:
        UserError: the other folder holds no evaluation, or none that is finished.
    """
    check_comparable(other)
    here, there = _pass_rates(folder), _pass_rates(other)
    shared = sorted(set(here) & set(there))
    if not shared:
        raise UserError(f"--compare {other}: the two evaluations have no task in common")
    languages = sorted({language for _, language in shared})
    groups = [(name, [key for key in shared if key[1] == name]) for name in languages]
    if len(groups) > 1:
        groups.append(("overall", shared))
    num_changed, changed = _changed(folder, other, set(languages))
    return Comparison(
        other=str(other),
        rows=tuple(_row(name, keys, here, there, seed) for name, keys in groups),
        unshared=len(set(here) ^ set(there)),
        direction={key: _sign(here[key] - there[key]) for key in shared},
        num_changed=num_changed,
        changed=tuple(changed),
    )


def comparison_table(comparison: Comparison) -> Table:
    """The comparison for a terminal of 80 columns."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("language", no_wrap=True)
    for heading in ("tasks", "here", "there", "difference (points)", "p", "better", "worse"):
        table.add_column(heading, justify="right", no_wrap=heading != "difference (points)")
    for row in comparison.rows:
        gain = row.difference
        table.add_row(
            row.language,
            str(row.tasks),
            percent(row.here.value),
            percent(row.there.value),
            f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]",
            written_p_value(row.p_value),
            str(row.better),
            str(row.worse),
        )
    return table


def _pass_rates(folder: Path) -> dict[TaskKey, float]:
    """Share of a task's judged candidates that pass."""
    judged: dict[TaskKey, int] = defaultdict(int)
    passed: dict[TaskKey, int] = defaultdict(int)
    for row in read_results(folder):
        if row["status"] is not None:
            key = (row["name"], row["language"])
            judged[key] += 1
            passed[key] += row["status"] == "OK"
    return {key: passed[key] / number for key, number in judged.items()}


def _row(name: str, keys: Sequence[TaskKey], here: Rates, there: Rates, seed: int) -> ComparedRow:
    a, b = [here[key] for key in keys], [there[key] for key in keys]
    return ComparedRow(
        language=name,
        tasks=len(keys),
        here=bootstrap_interval(a, seed=seed),
        there=bootstrap_interval(b, seed=seed),
        difference=paired_difference(a, b, seed=seed),
        p_value=paired_p_value(a, b, seed=seed),
        better=sum(x > y for x, y in zip(a, b, strict=True)),
        worse=sum(x < y for x, y in zip(a, b, strict=True)),
    )


def _changed(folder: Path, other: Path, languages: set[str]) -> tuple[int | None, list[Changed]]:
    """Where two evaluations of the same candidates disagree: those verdicts are flaky."""
    ours, theirs = settings_of(folder), settings_of(other)
    same = ("tasks", "candidates")
    if any(ours.get(part) is None or ours.get(part) != theirs.get(part) for part in same):
        return None, []
    number = 0
    first: list[Changed] = []
    # The same candidates in the same order, but for languages that one of them left out.
    both = (
        (row for row in read_results(place) if row["language"] in languages)
        for place in (folder, other)
    )
    for here, there in zip(*both, strict=True):
        if None in (here["status"], there["status"]) or here["status"] == there["status"]:
            continue
        number += 1
        if len(first) < MAX_CHANGED_SHOWN:
            place = (here["name"], here["language"], here["index"])
            first.append(Changed(*place, here=here["status"], there=there["status"]))
    return number, first


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
