"""Which tasks stand out: those that take long, and those whose verdicts hang on the limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from multipl_e.pages import Cell, Heading, Table
from multipl_e.pages.code import visible
from multipl_e.records import TaskKey

MAX_SHOWN = 12
# A pass that took this share of the time limit may be a timeout on a slower or busier machine.
NEAR_LIMIT = 0.5


@dataclass(slots=True)
class _Seen:
    judged: int = 0
    passed: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    timeouts: int = 0
    near_limit: int = 0
    out_of_memory: int = 0
    unjudged: int = 0

    @property
    def flaky(self) -> int:
        """Verdicts that another machine, or the same one under load, might not repeat."""
        return self.timeouts + self.near_limit + self.out_of_memory + self.unjudged


class Outliers:
    """Watches the results of tasks as they pass by.

    Args:
        timeout: Seconds that a program may run.
    """

    def __init__(self, timeout: float):
        self._timeout = timeout
        self._tasks: dict[TaskKey, _Seen] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """Look at one row of results.jsonl."""
        seen = self._tasks.setdefault((row["name"], row["language"]), _Seen())
        status, seconds = row["status"], row.get("seconds") or 0.0
        if status is None:
            seen.unjudged += 1
            return
        seen.judged += 1
        seen.passed += status == "OK"
        seen.seconds += seconds
        seen.longest = max(seen.longest, seconds)
        seen.timeouts += status == "Timeout"
        seen.out_of_memory += status == "OutOfMemory"
        seen.near_limit += status == "OK" and seconds > NEAR_LIMIT * self._timeout

    def slowest(self) -> Table | None:
        """Tasks by their mean time, the slowest first."""
        order = sorted(
            (seen.seconds / seen.judged, key) for key, seen in self._tasks.items() if seen.judged
        )
        rows = []
        for mean, key in reversed(order[-MAX_SHOWN:]):
            seen = self._tasks[key]
            cells = (f"{mean:.2f} s", f"{seen.longest:.2f} s", f"{seen.passed} of {seen.judged}")
            rows.append((_heading(key), tuple(map(Cell, cells))))
        columns = ("task", "mean time", "longest", "pass")
        return _table("Slowest tasks", [Heading(label) for label in columns], rows)

    def flakiest(self) -> Table | None:
        """Tasks by the number of verdicts near a limit; None where there is none."""
        order = sorted((seen.flaky, key) for key, seen in self._tasks.items() if seen.flaky)
        rows = []
        for number, key in reversed(order[-MAX_SHOWN:]):
            seen = self._tasks[key]
            cells = (number, seen.timeouts, seen.near_limit, seen.out_of_memory, seen.unjudged)
            rows.append((_heading(key), tuple(Cell(str(cell)) for cell in cells)))
        columns = [
            Heading("task"),
            Heading("in all", "Verdicts that another run might not repeat."),
            Heading("timeouts", "Programs stopped at the time limit."),
            Heading("late passes", "Passes that took more than half of the time limit."),
            Heading("out of memory", "Programs stopped at the memory limit."),
            Heading("not judged", "Failures of the machine or of this evaluator: try again."),
        ]
        return _table("Flakiest tasks: verdicts that hang on a limit", columns, rows)


def _heading(key: TaskKey) -> Heading:
    return Heading(f"{visible(key[0])} · {key[1]}")


def _table(
    title: str, columns: list[Heading], rows: list[tuple[Heading, tuple[Cell, ...]]]
) -> Table | None:
    return Table(title, tuple(columns), tuple(rows)) if rows else None
